"""Where a data set in COCO's format has its annotation files, and the images of each."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mmcnx2.datasets.coco_file import find_image, read_coco
from mmcnx2.first_few import first_few

_SPLITS = dict(train=('train',), val=('val', 'valid'))


@dataclass(frozen=True)
class CocoPart:
    """An annotation file and the folder of its images.

    Attributes:
        file: Path of the file; '' where there is none, as of what was converted.
        images: Path of the folder.
        contents: Of the file.
    """

    file: str
    images: str
    contents: dict


def find_coco(root: str) -> dict[str, CocoPart]:
    """Find the annotations of a data set in the folders that people and programs make.

    Args:
        root: Its folder: with ``annotations/*.json`` and folders of images, with a ``.json`` in
            each folder of images, or with one ``.json``.

    Returns:
        ``train``, and ``val`` if there is one.

    Raises:
        FileNotFoundError: There are no annotations, or no images that they name.
        ValueError: Several files could be meant, or one is not in COCO's format.
    """
    if not os.path.isdir(root):
        raise FileNotFoundError(
            f"folder '{root}' does not exist: give one of images in COCO's format."
        )
    files = sorted(
        path
        for pattern in ('*.json', '*/*.json')
        for path in Path(root).glob(pattern)
        if not path.name.startswith('.')
    )
    if not files:
        raise FileNotFoundError(
            f"'{root}' holds no annotations: a .json in COCO's format is expected in it, in its "
            'folder annotations, or beside the images.'
        )
    named = {split: [f for f in files if _is_of(f, root, split)] for split in _SPLITS}
    if not named['train'] and len(files) == 1:
        named['train'] = files
    for split, found in named.items():
        if len(found) > 1 or (split == 'train' and not found):
            names = first_few([str(path.relative_to(root)) for path in found or files])
            raise ValueError(
                f"which file of '{root}' has the annotations for {split} cannot be told ({names}): "
                f"leave one whose name, or folder, has '{split}' in it."
            )
    return {split: _read(found[0], Path(root), split) for split, found in named.items() if found}


def _is_of(file: Path, root: str, split: str) -> bool:
    words = file.relative_to(root).as_posix().lower()
    for sign in '/_-.':
        words = words.replace(sign, ' ')
    return any(word.rstrip('0123456789') in _SPLITS[split] for word in words.split())


def _read(file: Path, root: Path, split: str) -> CocoPart:
    contents = read_coco(file)
    some = [image.get('file_name') or '' for image in contents['images'][:5]]
    tried = list(dict.fromkeys(_candidates(file, root, split)))
    for folder in tried:
        if folder.is_dir() and all(name and find_image(name, folder) for name in some):
            return CocoPart(str(file), str(folder), contents)
    raise FileNotFoundError(
        f"'{file}' names images such as '{some[0]}', which are in none of "
        f'{first_few([str(folder) for folder in tried], 6)}: put them into one of these.'
    )


def _candidates(file: Path, root: Path, split: str) -> Iterable[Path]:
    yield file.parent
    names = [name for name in _SPLITS[split]]
    for base in (root, root / 'images'):
        # As of COCO itself: annotations/instances_train2017.json and train2017.
        yield base / file.stem.rpartition('_')[2]
        yield from (base / name for name in names)
        yield base
