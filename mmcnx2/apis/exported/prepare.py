"""Pictures brought to the size of a model's tests."""

from collections.abc import Mapping
from typing import Any

from PIL import Image

FILTERS = dict(
    nearest=Image.Resampling.NEAREST, bilinear=Image.Resampling.BILINEAR,
    bicubic=Image.Resampling.BICUBIC, lanczos=Image.Resampling.LANCZOS,
)  # fmt: skip


def prepare(picture: Image.Image, facts: Mapping[str, Any]) -> Image.Image:
    """Resize and crop a picture as a model's tests do, at least to what it takes.

    Args:
        picture: RGB.
        facts: Of the model's file: ``prepare``, ``least``, ``multiple``.
    """
    for step in facts.get('prepare') or ():
        smooth = FILTERS.get(step.get('smooth'), Image.Resampling.BILINEAR)
        width, height = picture.size
        match step['step'], step['size']:
            case 'stretch', size:
                picture = picture.resize(tuple(size), smooth)
            case 'fit', size:
                scale = min(max(size) / max(width, height), min(size) / min(width, height))
                picture = picture.resize(
                    (int(width * scale + 0.5), int(height * scale + 0.5)), smooth
                )
            case 'short_side', int(side):
                scale = side / min(width, height)
                size = (side, int(height * scale)) if width < height else (int(width * scale), side)
                picture = picture.resize(size, smooth)
            case 'middle', size:
                columns, rows = (size, size) if isinstance(size, int) else (size[1], size[0])
                left, top = round(max(width - columns, 0) / 2), round(max(height - rows, 0) / 2)
                right, bottom = min(left + columns, width), min(top + rows, height)
                picture = picture.crop((left, top, right, bottom))
            case other:
                raise ValueError(f'the model asks for {other[0]!r}, which this version cannot do.')
    return _fit_for(picture, least=facts.get('least', 1), multiple=facts.get('multiple', 1))


def _fit_for(picture: Image.Image, *, least: int, multiple: int) -> Image.Image:
    """Stretch what is smaller than the model takes, or no multiple of what it takes."""
    size = tuple(max(side, least) // multiple * multiple for side in picture.size)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BILINEAR)
