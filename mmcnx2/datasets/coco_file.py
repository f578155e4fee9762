"""A file in COCO's format: read once, and completed in memory where what is missing follows."""

import contextlib
import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pycocotools.mask as rle
from mmdet.datasets.api_wrappers import COCO

from mmcnx2.datasets.image_size import read_size


class CocoContents(COCO):
    """mmdet's interface to contents that have been read already.

    Args:
        contents: Contents of :func:`read_coco`; kept, not copied.
    """

    def __init__(self, contents: dict):
        super().__init__()
        self.dataset = contents
        with contextlib.redirect_stdout(io.StringIO()):  # it tells its progress
            self.createIndex()
        self.img_ann_map, self.cat_img_map = self.imgToAnns, self.catToImgs


def read_coco(path: str | os.PathLike) -> dict:
    """Return the contents of a file in COCO's format.

    Args:
        path: Path of the ``.json``, in UTF-8.

    Returns:
        A dict with the lists ``images``, ``categories`` and ``annotations``, the last empty where
        the file has none.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no JSON, or lacks images or categories.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"annotation file '{path}' does not exist: set ann_file and data_root to where it is."
        )
    try:
        with open(path, encoding='utf-8-sig') as file:
            contents = json.load(file)
    except ValueError as error:  # also what is not UTF-8
        raise ValueError(f"'{path}' is no JSON file ({error}): export it again.") from None
    for key in ('categories', 'images'):
        if not isinstance(contents, dict) or not contents.get(key):
            raise ValueError(
                f"'{path}' has no '{key}', so it is not in COCO's format: convert it, or name "
                'another file.'
            )
    contents['annotations'] = contents.get('annotations') or []
    return contents


def class_names(contents: dict) -> tuple[str, ...]:
    """Return the names of the categories, in the file's order."""
    return tuple(category['name'] for category in contents['categories'])


def complete(contents: dict, *, images: str | os.PathLike | None = None) -> Counter:
    """Compute what annotations and images lack, in place.

    ``iscrowd`` is 0 and ``bbox`` and ``area`` are those of the segmentation, the area else that of
    the box. Ids of annotations are numbered anew where one is missing, stands twice or is 0, which
    COCO's evaluation takes for "no object found". A segmentation cannot be computed.

    Args:
        contents: Contents of :func:`read_coco`.
        images: Folder of the images. With it, names are changed to what :func:`find_image` finds,
            and widths and heights come from the files; what cannot be read stays as it is.

    Returns:
        How many entries of each kind were computed.
    """
    done = Counter()
    for image in contents['images']:
        if images is not None:
            done.update(_complete_image(image, Path(images)))
    sizes = {
        image.get('id'): (image.get('height'), image.get('width')) for image in contents['images']
    }
    annotations = contents['annotations']
    ids = {annotation.get('id') for annotation in annotations}
    if len(ids) < len(annotations) or ids & {0, None}:
        done['id'] = len(annotations)
        for number, annotation in enumerate(annotations, start=1):
            annotation['id'] = number
    for annotation in annotations:
        done.update(_complete_annotation(annotation, sizes.get(annotation.get('image_id'))))
    return done


def find_image(name: str, folder: Path) -> str | None:
    """Return the name, below a folder, of the file that an annotation file means.

    A name may have been written on Windows, with backslashes, or with the folders that the images'
    folder has already, such as 'train/a.jpg' below '.../train'.

    Args:
        name: As the annotation file has it.
        folder: Folder of the images.

    Returns:
        The name as it is if its file is there, else the one that is, else None.
    """
    for candidate in _candidates(name, folder):
        if (folder / candidate).is_file():
            return candidate
    return None


def segmentation_of(annotation: dict) -> list | dict | None:
    """Return the polygons of three points and more, or the run lengths; None if there are none."""
    found = annotation.get('segmentation')
    if isinstance(found, list):
        return [p for p in found if isinstance(p, list) and len(p) >= 6 and len(p) % 2 == 0] or None
    return found if isinstance(found, dict) and found.get('counts') else None


def _candidates(name: str, folder: Path) -> Iterator[str]:
    yield name
    parts = PurePosixPath(name.replace('\\', '/')).parts
    yield '/'.join(parts)
    ends = folder.parts
    for shared in range(min(len(parts) - 1, len(ends)), 0, -1):
        if parts[:shared] == ends[-shared:]:
            yield '/'.join(parts[shared:])


def _complete_image(image: dict, folder: Path) -> Iterator[str]:
    """Yield what was computed."""
    name = image.get('file_name')
    if not name:
        return
    if '\\' in name or PurePosixPath(name).parts[0] in folder.parts:
        found = find_image(name, folder)
        if found not in (None, name):
            image['file_name'] = found
            yield 'file_name'
    if not (image.get('height') and image.get('width')):
        with contextlib.suppress(OSError):  # named before training, or by whoever loads it
            image['height'], image['width'] = read_size(folder / image['file_name'])
            yield 'width and height'


def _complete_annotation(annotation: dict, size: tuple | None) -> Iterator[str]:
    """Yield what was computed."""
    if annotation.get('iscrowd') is None:
        annotation['iscrowd'] = 0
        yield 'iscrowd'
    lacking = [key for key in ('bbox', 'area') if annotation.get(key) is None]
    if not lacking:
        return
    segmentation = segmentation_of(annotation)
    if segmentation and size and all(size):
        mask = _run_lengths(segmentation, *size)
        computed = dict(bbox=rle.toBbox(mask).tolist(), area=float(rle.area(mask)))
    elif annotation.get('bbox'):
        computed = dict(area=annotation['bbox'][2] * annotation['bbox'][3])
    else:
        return
    for key in lacking:
        annotation[key] = computed[key]
        yield key


def _run_lengths(segmentation: list | dict, height: int, width: int) -> dict:
    if isinstance(segmentation, list):
        return rle.merge(rle.frPyObjects(segmentation, height, width))
    if isinstance(segmentation['counts'], list):
        return rle.frPyObjects(segmentation, height, width)
    return segmentation
