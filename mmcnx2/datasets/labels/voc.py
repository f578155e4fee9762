"""Pascal VOC's labels, an XML a picture, as the contents of files in COCO's format."""

import os
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from mmcnx2.datasets.labels.coco_writer import CocoWriter
from mmcnx2.datasets.labels.left_out import LeftOut
from mmcnx2.datasets.readers import readable_endings

_ANNOTATIONS, _IMAGES, _SETS = 'Annotations', 'JPEGImages', 'ImageSets/Main'


def is_voc(root: str) -> bool:
    """Whether a folder holds a data set in VOC's folders."""
    folder = Path(root, _ANNOTATIONS)
    return folder.is_dir() and any(path.suffix == '.xml' for path in folder.iterdir())


def read_voc(root: str) -> tuple[dict[str, dict], str, LeftOut]:
    """Convert a data set.

    Pixels count from 1, the last one included, as VOC has it. What is 'difficult' becomes a crowd,
    which is neither trained on nor scored.

    Args:
        root: Its folder: Annotations, JPEGImages, and ImageSets/Main with train.txt and val.txt;
            without those, trainval.txt or every annotation is trained on.

    Returns:
        The contents of ``train``, and of ``val`` if there is one; the folder of the images; and
        what was left out.

    Raises:
        FileNotFoundError: There are no images.
        ValueError: No annotation can be read.
    """
    left_out, images = LeftOut(), Path(root, _IMAGES)
    if not images.is_dir():
        raise FileNotFoundError(f"'{root}' has a folder {_ANNOTATIONS} but no {_IMAGES}: add it.")
    # Hidden ones are another program's.
    files = {p.stem: p.name for p in images.iterdir() if p.suffix.lower() in readable_endings()}
    names = {part: _names(root, part) for part in ('train', 'val', 'trainval')}
    if not (names['train'] and names['val']):
        every = sorted(p.stem for p in Path(root, _ANNOTATIONS).glob('*.xml'))
        names = dict(train=names['train'] or names['trainval'] or every)
    parsed = {
        part: {stem: _parse(root, stem, left_out) for stem in names[part]}
        for part in ('train', 'val')
        if part in names
    }
    classes = sorted(
        {name for part in parsed.values() for objects in part.values() for name, _, _ in objects}
    )
    contents = {}
    for part, stems in parsed.items():
        writer = CocoWriter(str(images), classes, left_out)
        for stem, objects in stems.items():
            path = images / files.get(stem, f'{stem}.jpg')
            if writer.add_image(str(path)) is None:
                continue
            for name, box, crowd in objects:
                where = os.path.join(_ANNOTATIONS, f'{stem}.xml')
                writer.add_object(classes.index(name), box, where=where, crowd=crowd)
        contents[part] = writer.contents
    if not contents['train']['images']:
        raise FileNotFoundError(f"'{images}' holds none of the images of '{root}': add them.")
    return contents, str(images), left_out


def _names(root: str, part: str) -> list[str]:
    """Return the images of a part; a second column says whether a class is in them."""
    file = Path(root, _SETS, f'{part}.txt')
    lines = file.read_text(encoding='utf-8').splitlines() if file.is_file() else []
    return [line.split()[0] for line in lines if line.strip()]


def _parse(
    root: str, stem: str, left_out: LeftOut
) -> Sequence[tuple[str, tuple[float, ...], bool]]:
    """Return name, box and whether it is difficult of each object."""
    file = Path(root, _ANNOTATIONS, f'{stem}.xml')
    try:
        objects = ElementTree.parse(file).getroot().findall('object')
    except (OSError, ElementTree.ParseError):
        left_out.add('annotations that are not there or cannot be read', file)
        return ()
    found = []
    for each in objects:
        name = (each.findtext('name') or '').strip()
        try:
            left, top, right, bottom = (
                float(each.findtext(f'bndbox/{side}') or '')
                for side in ('xmin', 'ymin', 'xmax', 'ymax')
            )
        except ValueError:
            name = ''
        if not name:
            left_out.add('objects without a name or a box', file)
            continue
        crowd = (each.findtext('difficult') or '0').strip() == '1'
        found.append((name, (left - 1, top - 1, right, bottom), crowd))
    return found
