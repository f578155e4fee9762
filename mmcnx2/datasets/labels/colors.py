"""Masks whose colors are classes, as masks of class numbers."""

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mmcnx2.datasets.labels.left_out import LeftOut

UNKNOWN = 255
"""Class number of pixels that are not trained on."""
_FILES = ('classes.json', 'classes.csv', 'class_dict.csv', 'labelmap.txt', 'classes.txt')
_VOID = ('void', 'ignore', 'unlabeled', 'unlabelled')
# A name, then three numbers: 'road 128 64 128', 'road,128,64,128' and CVAT's 'road:128,64,128::'.
_ROW = re.compile(r'(.*?\S)[\s,;:]+(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})[\s,;:]*')
_COLORED = ('RGB', 'RGBA')


@dataclass(frozen=True)
class ColorTable:
    """What colors mean.

    Attributes:
        file: Where it stands.
        classes: Names by number from 0.
        colors: Red, green and blue of each class.
        void: Colors that mean nothing known: those of names such as 'void' and 'ignore'.
    """

    file: str
    classes: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    void: tuple[tuple[int, int, int], ...] = ()


def find_color_table(root: str) -> ColorTable | None:
    """Read the first file of a folder that gives classes colors.

    These are classes.json, ``{"road": [128, 64, 128]}``, or a list of ``{"name", "color"}``;
    classes.csv, class_dict.csv, labelmap.txt and classes.txt with a name and three numbers a line.

    Raises:
        ValueError: Two classes have one color, or a line of a table is none.
    """
    for path in (Path(root, name) for name in _FILES):
        if path.is_file():
            text = path.read_text(encoding='utf-8-sig')
            rows = _of_json(path, text) if path.suffix == '.json' else _of_lines(path, text)
            if rows:
                return _table(path, rows)
    return None


def are_colored(masks: Sequence[str], *, sample: int = 8) -> bool:
    """Whether masks are color pictures, by a few of them; palettes hold class numbers."""
    for path in masks[:: max(1, len(masks) // sample)]:
        try:
            with Image.open(path) as image:
                return image.mode in _COLORED
        except OSError:
            continue  # named when it is converted, or by the look at the data
    return False


def convert_mask(path: str, table: ColorTable, left_out: LeftOut) -> bytes:
    """Return a mask of class numbers, as a PNG of one channel.

    Pixels of another color are not trained on, and counted by file.

    Args:
        path: Of a color picture.
        table: What its colors mean.
        left_out: What cannot be converted is counted here.

    Raises:
        OSError: The file cannot be read.
    """
    with Image.open(path) as image:
        labels, strange = to_labels(np.asarray(image.convert('RGB')), table)
    if strange is not None:
        left_out.add('masks with colors of no class, not trained on there', f'{path}: {strange}')
    buffer = io.BytesIO()
    Image.fromarray(labels).save(buffer, 'PNG')
    return buffer.getvalue()


def to_labels(
    pixels: np.ndarray, table: ColorTable
) -> tuple[np.ndarray, tuple[int, int, int] | None]:
    """Return class numbers, uint8 ``(h, w)``, and a color that is in no class, if there is one.

    Args:
        pixels: RGB, uint8 ``(h, w, 3)``.
        table: What colors mean.
    """
    known = np.array([_code(color) for color in (*table.colors, *table.void)])
    numbers = np.array([*range(len(table.colors)), *[UNKNOWN] * len(table.void)], np.uint8)
    order = known.argsort()
    known, numbers = known[order], numbers[order]
    codes = _code(np.moveaxis(pixels.astype(np.int64), -1, 0))
    places = np.searchsorted(known, codes).clip(max=len(known) - 1)
    found = known[places] == codes
    labels = np.where(found, numbers[places], UNKNOWN).astype(np.uint8)
    strange = None if found.all() else tuple(map(int, pixels[~found][0]))
    return labels, strange


def _code(color: Sequence) -> int | np.ndarray:
    red, green, blue = color
    return red * 65536 + green * 256 + blue


def _of_lines(path: Path, text: str) -> list[tuple[str, list[int]]]:
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith('#')]
    rows = [_ROW.fullmatch(line) for line in lines]
    if not any(rows):
        return []  # names alone
    if rows[0] is None:  # the head of a table
        lines, rows = lines[1:], rows[1:]
    if wrong := [line for line, row in zip(lines, rows, strict=True) if row is None]:
        raise ValueError(
            f"'{path}' has a line '{wrong[0]}', but a name and three numbers from 0 to 255 are "
            'expected, as in its others.'
        )
    return [(row[1], [int(number) for number in row.groups()[1:]]) for row in rows]


def _of_json(path: Path, text: str) -> list[tuple[str, list[int]]]:
    try:
        told = json.loads(text)
        rows = told.items() if isinstance(told, dict) else ((e['name'], e['color']) for e in told)
        return [(str(name), [int(number) for number in color]) for name, color in rows]
    except (ValueError, TypeError, KeyError):
        raise ValueError(
            f"'{path}' is no table of colors: write "
            '{"road": [128, 64, 128], ...}, red, green and blue of each class.'
        ) from None


def _table(path: Path, rows: Sequence[tuple[str, list[int]]]) -> ColorTable:
    for name, color in rows:
        if len(color) != 3 or not all(0 <= number <= 255 for number in color):
            raise ValueError(
                f"'{path}' gives '{name}' the color {color}, but three numbers from 0 to 255 are "
                'expected.'
            )
    first = {}
    for name, color in rows:
        if (other := first.setdefault(tuple(color), name)) != name:
            raise ValueError(f"'{path}' gives '{other}' and '{name}' one color, {color}: mend one.")
    void = {color: name for color, name in first.items() if name.lower() in _VOID}
    classes = {color: name for color, name in first.items() if color not in void}
    return ColorTable(str(path), tuple(classes.values()), tuple(classes), tuple(void))
