"""Where each picture of a data set lies, known before any is rendered."""

import dataclasses
from collections.abc import Iterator
from pathlib import PurePosixPath

from ..scene_settings import SceneSettings
from .shapes import OBJECT_CLASSES

_ADE_SPLIT = dict(train='training', val='validation')
_STREAM = dict(unlabelled=0, train=1, val=2)


@dataclasses.dataclass(frozen=True)
class Item:
    """One picture to render.

    Args:
        split: 'unlabelled', 'train' or 'val'.
        index: Number of the picture in its split, from 0.
        label: Class index of its main object.
    """

    split: str
    index: int
    label: int

    def seed(self, settings: SceneSettings) -> list[int]:
        """Seed of this picture alone, so that it does not matter who renders it and when."""
        return [settings.seed, _STREAM[self.split], self.index]

    def images(self) -> list[str]:
        """Paths of the copies of the picture, relative to the data set's folder."""
        if self.split == 'unlabelled':
            # Folders in folders, and both file types, as collections of pictures often are.
            folder = f'unlabelled/site_{self.index // 500:02d}/visit_{self.index // 100 % 5}'
            suffix = 'png' if self.index % 4 == 3 else 'jpg'
            return [f'{folder}/{self.index:06d}.{suffix}']
        name, kind = f'{self.index:06d}', OBJECT_CLASSES[self.label]
        return [
            f'imagenet/{self.split}/{kind}/{kind}_{name}.JPEG',
            f'coco/{self.split}/{name}.jpg',
            f'ade/images/{_ADE_SPLIT[self.split]}/{name}.jpg',
        ]

    def mask(self) -> str | None:
        """Path of the segmentation mask, None for a picture without labels."""
        if self.split == 'unlabelled':
            return None
        return f'ade/annotations/{_ADE_SPLIT[self.split]}/{self.index:06d}.png'


def annotation_file(split: str) -> str:
    """Path of the COCO annotations of 'train' or 'val'."""
    return f'coco/annotations/instances_{split}.json'


def items(settings: SceneSettings) -> Iterator[Item]:
    """All pictures of a data set; the classes take turns, so that each gets its share."""
    for split in _STREAM:
        for index in range(getattr(settings, split)):
            yield Item(split, index, index % settings.classes)


def expected_files(settings: SceneSettings) -> Iterator[str]:
    """Paths of all files of a complete data set but ``meta.json``, relative to its folder."""
    for item in items(settings):
        yield from item.images()
        if item.mask():
            yield item.mask()
    for split in ('train', 'val'):
        if getattr(settings, split):
            yield annotation_file(split)


def make_folders(root, settings: SceneSettings) -> None:
    """Create all folders that ``expected_files`` need under the path ``root``."""
    for folder in sorted({PurePosixPath(path).parent for path in expected_files(settings)}):
        (root / folder).mkdir(parents=True, exist_ok=True)
