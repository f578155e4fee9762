"""What a scene data set is made from: the numbers that decide every byte of it."""

import dataclasses

VERSION = 1
"""Version of the renderer. Raised whenever the same settings would give other pictures."""

MIN_SIZE = 32
"""Smallest side in pixels at which the objects' textures can still be told apart."""

MAX_CLASSES = 10
"""Number of object classes that the renderer can draw."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SceneSettings:
    """Settings of a data set. Equal settings give equal files.

    Args:
        seed: Seed of all pictures, >= 0.
        size: Height and width of every picture, in pixels.
        unlabelled: Number of pictures without labels.
        train: Number of labelled training pictures.
        val: Number of labelled validation pictures.
        classes: Number of object classes, 2 to 10: the first ones of ``OBJECT_CLASSES``.

    Raises:
        ValueError: If a value is out of its range.
    """

    seed: int = 0
    size: int = 128
    unlabelled: int = 3000
    train: int = 300
    val: int = 300
    classes: int = MAX_CLASSES

    def __post_init__(self):
        if self.seed < 0:
            raise ValueError(f'seed is {self.seed}, but must not be negative: give 0 or more.')
        if self.size < MIN_SIZE:
            raise ValueError(
                f'size is {self.size} px, too small for textures to be seen: '
                f'give {MIN_SIZE} or more.'
            )
        if not 2 <= self.classes <= MAX_CLASSES:
            raise ValueError(
                f'classes is {self.classes}, but the renderer draws 2 to '
                f'{MAX_CLASSES} object classes: give a number between them.'
            )
        for name in ('unlabelled', 'train', 'val'):
            if getattr(self, name) < 0:
                raise ValueError(
                    f'{name} is {getattr(self, name)}, but is a number of pictures: give 0 or more.'
                )
        for name in ('train', 'val'):
            # Fewer pictures than classes would leave class folders out, and ImageNet-style
            # readers number the classes by the folders that they find.
            if 0 < getattr(self, name) < self.classes:
                raise ValueError(
                    f'{name} is {getattr(self, name)}, fewer than the {self.classes} '
                    f'classes: give 0, or at least one picture a class.'
                )
