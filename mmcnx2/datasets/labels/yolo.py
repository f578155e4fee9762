"""YOLO's labels, ``data.yaml`` and a text a picture, as the contents of files in COCO's format."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mmcnx2.datasets.labels.coco_writer import CocoWriter
from mmcnx2.datasets.labels.left_out import LeftOut
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.readers import readable_endings

_FILES = ('data.yaml', 'data.yml', 'dataset.yaml', 'dataset.yml')


def find_yolo(root: str) -> Path | None:
    """Return the file that describes a data set of YOLO's, None if there is none in a folder."""
    files = [path for name in _FILES if (path := Path(root, name)).is_file()]
    return files[0] if files else None


def read_yolo(file: Path) -> tuple[dict[str, dict], str, LeftOut]:
    """Convert a data set.

    A row is a class and a box, center and sides as shares of the image's, or a class and the
    corners of a polygon; oriented boxes are such. A picture without rows, or without a text, is
    background.

    Args:
        file: Its ``data.yaml``: ``names``, ``train`` and ``val``, each a folder of images, a text
            file of their paths, or several of either, below ``path`` or beside the file.

    Returns:
        The contents of ``train``, and of ``val`` if it is named; the folder that names of images
        are relative to; and what was left out.

    Raises:
        FileNotFoundError: There are no images.
        ValueError: The file is none of YOLO's.
    """
    told = _read_yaml(file)
    classes = _names(file, told)
    left_out = LeftOut()
    images = {
        part: list(_images(told[part], file, told)) for part in ('train', 'val') if told.get(part)
    }
    if not images.get('train'):
        raise FileNotFoundError(
            f"'{file}' names no image to train on that is there (train: {told.get('train')}): "
            'give folders of images below its path, or beside the file.'
        )
    images = {part: paths for part, paths in images.items() if paths}
    root = os.path.commonpath([os.path.dirname(p) for paths in images.values() for p in paths])
    poses = 'kpt_shape' in told
    contents = {
        part: _convert(paths, root, classes, left_out, poses) for part, paths in images.items()
    }
    return contents, root, left_out


def _read_yaml(file: Path) -> Mapping[str, Any]:
    try:
        told = yaml.safe_load(file.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = ' '.join(str(error).split())[:200]
        raise ValueError(f"'{file}' cannot be read ({reason}): mend it.") from None
    if not isinstance(told, Mapping) or 'names' not in told or 'train' not in told:
        raise ValueError(
            f"'{file}' is no description of YOLO's data: names and train are expected in it."
        )
    return told


def _names(file: Path, told: Mapping[str, Any]) -> list[str]:
    names = told['names']
    if isinstance(names, Mapping) and sorted(names) == list(range(len(names))):
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise ValueError(
            f"names of '{file}' are {names}: give a list, or numbers from 0 and names."
        )
    return list(map(str, names))


def _images(given: str | Sequence[str], file: Path, told: Mapping[str, Any]) -> Iterator[str]:
    for each in [given] if isinstance(given, str) else given:
        yield from _below(str(each), file, told)


def _below(each: str, file: Path, told: Mapping[str, Any]) -> Iterator[str]:
    bases = [Path(file.parent, str(told.get('path') or '')), file.parent]
    # Some programs write ../train/images for what lies beside the file.
    tried = [base / name for name in (each, each.removeprefix('../')) for base in bases]
    there = next((path for path in tried if path.exists()), None)
    if there is None:
        return
    if there.is_dir():
        found = list_images(str(there), readable_endings()).images
        yield from (os.path.abspath(there / name) for name in found)
        return
    for line in there.read_text(encoding='utf-8').splitlines():
        if line.strip():
            yield os.path.abspath(there.parent / line.strip())


def _label_file(image: str) -> Path:
    head, sign, tail = image.rpartition(f'{os.sep}images{os.sep}')
    path = f'{head}{os.sep}labels{os.sep}{tail}' if sign else image
    return Path(path).with_suffix('.txt')


def _convert(
    images: Sequence[str], root: str, classes: Sequence[str], left_out: LeftOut, poses: bool
) -> dict:
    writer = CocoWriter(root, classes, left_out)
    for image in images:
        labels = _label_file(image)
        if (size := writer.add_image(image)) is None or not labels.is_file():
            continue
        lines = labels.read_text(encoding='utf-8', errors='replace').splitlines()
        for number, line in enumerate(lines, 1):
            if line.strip():
                _add_row(writer, line.split(), size, len(classes), f'{labels}:{number}', poses)
    return writer.contents


def _add_row(
    writer: CocoWriter,
    words: Sequence[str],
    size: tuple[int, int],
    classes: int,
    where: str,
    poses: bool,
) -> None:
    height, width = size
    try:
        label, *values = map(float, words)
    except ValueError:
        writer.left_out.add('rows that are no numbers', where)
        return
    if not (label.is_integer() and 0 <= label < classes):
        writer.left_out.add('rows of a class without a name', where)
        return
    if not all(map(math.isfinite, values)) or (values and max(map(abs, values)) > 2):
        writer.left_out.add('rows that are no shares of the image', where)
        return
    if poses and len(values) > 4:
        writer.left_out.add('objects whose keypoints are not used', where)
        values = values[:4]
    if len(values) in (4, 5):  # a fifth is the score of a prediction
        x, y, w, h = values[:4]
        box = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
        writer.add_object(int(label), box, where=where)
    elif len(values) >= 6 and len(values) % 2 == 0:
        sides = (width, height) * (len(values) // 2)
        corners = [value * side for value, side in zip(values, sides, strict=True)]
        xs, ys = corners[::2], corners[1::2]
        box = (min(xs), min(ys), max(xs), max(ys))
        writer.add_object(int(label), box, where=where, polygon=corners)
    else:
        writer.left_out.add('rows that are neither box nor polygon', where)
