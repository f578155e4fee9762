"""What a model found, drawn into a picture by Pillow, and in words."""

import colorsys
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageDraw


def describe(found: Mapping[str, np.ndarray], facts: Mapping[str, Any], score: float) -> Any:
    """Return what was found in JSON's types.

    Args:
        found: Of :class:`.ExportedModel`.
        facts: Of the same.
        score: Objects below it are left out.
    """
    match facts['kind']:
        case 'classifier':
            best = np.argsort(-found['scores'])[:5]
            return [dict(label=name_of(i, facts), score=_short(found['scores'][i])) for i in best]
        case 'detector':
            return [
                dict(
                    label=name_of(label, facts),
                    score=_short(value),
                    box=[_short(v, 2) for v in box],
                )
                for label, value, box in zip(
                    found['labels'], found['scores'], found['boxes'], strict=True
                )
                if value >= score
            ]
        case 'segmentor':
            labels, counts = np.unique(found['labels'], return_counts=True)
            total = counts.sum()
            return {
                name_of(i, facts): _short(n / total) for i, n in zip(labels, counts, strict=True)
            }
    return {name: list(values.shape) for name, values in found.items()}


def draw(
    picture: Image.Image, found: Mapping[str, np.ndarray], facts: Mapping[str, Any], score: float
) -> Image.Image:
    """Return a copy of a picture with what was found; arguments as for :func:`describe`."""
    pixels = np.array(picture, np.float32)
    if facts['kind'] == 'segmentor':
        colors = np.array([color_of(i) for i in range(int(found['labels'].max()) + 1)])
        pixels = 0.5 * pixels + 0.5 * colors[found['labels']]
    shown = []
    if facts['kind'] == 'detector':
        shown = np.flatnonzero(found['scores'] >= score).tolist()
        for i in shown if 'masks' in found else ():
            mask = found['masks'][i]
            pixels[mask] = 0.5 * pixels[mask] + 0.5 * np.array(color_of(found['labels'][i]))
    drawn = Image.fromarray(pixels.round().astype(np.uint8))
    pen = ImageDraw.Draw(drawn)
    for i in reversed(shown):
        box, color = found['boxes'][i].tolist(), color_of(found['labels'][i])
        pen.rectangle(box, outline=color, width=2)
        text = f'{name_of(found["labels"][i], facts)} {found["scores"][i]:.2f}'
        _write(pen, (box[0], box[1]), text, color)
    if facts['kind'] == 'classifier':
        best = int(found['scores'].argmax())
        _write(pen, (0, 0), f'{name_of(best, facts)} {found["scores"][best]:.2f}', (0, 0, 0))
    return drawn


def name_of(label: int, facts: Mapping[str, Any]) -> str:
    """Return the name of a class, or its number where there are no names."""
    classes = facts.get('classes') or ()
    return classes[label] if label < len(classes) else str(int(label))


def color_of(label: int) -> tuple[int, int, int]:
    """Return a color that differs from those of the numbers around."""
    hue = int(label) * 0.618034 % 1  # the golden ratio never comes near where it was
    return tuple(round(255 * each) for each in colorsys.hsv_to_rgb(hue, 0.8, 0.95))


def _write(pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, color) -> None:
    pen.rectangle(pen.textbbox(at, text), fill=color)
    pen.text(at, text, fill=(255, 255, 255))


def _short(value: float, digits: int = 4) -> float:
    return round(float(value), digits)
