"""Types of the tools' command-line arguments: a wrong value ends in one sentence and exit status 2.

For ``ArgumentParser.add_argument(type=...)``. Needs nothing but Python, so that ``--help`` answers
at once.
"""

import math
import os
import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path
from reprlib import Repr

from mmcnx2.paths import expand_home

_repr = Repr()
_repr.maxstring = 60
_DEVICE = re.compile(r'(cpu|cuda|mps|xpu|npu|mlu|musa|hpu)(:\d{1,4})?')
_SETTING = re.compile(r'[^\s=.]+(\.[^\s=.]+)*=.*', re.DOTALL)
_UNITS = dict(k=10**3, M=10**6, G=10**9, B=10**9)
_LONGEST_PATH, _LONGEST_NAME = 4095, 255  # bytes, on Linux


def whole(low: int, high: int, *, also: Sequence[int] = ()) -> Callable[[str], int]:
    """Return a type: a whole number of a range.

    Args:
        low: The smallest that will do.
        high: The largest.
        also: Numbers outside the range that mean something of their own.
    """

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise refusal(text, expected) from None
        if not low <= value <= high and value not in also:
            raise refusal(text, expected)
        return value

    others = ''.join(f', or {value}' for value in also)
    expected = f'a whole number from {low} to {high}{others}'
    return read


def number(
    low: float, high: float, *, above: bool = False, below: bool = False
) -> Callable[[str], float]:
    """Return a type: a number of a range; neither NaN nor infinity will do.

    Args:
        low: The smallest that will do.
        high: The largest.
        above: ``low`` itself will not do.
        below: ``high`` itself will not do.
    """

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise refusal(text, expected) from None
        outside = not low <= value <= high or (above and value == low) or (below and value == high)
        if outside or not math.isfinite(value):
            raise refusal(text, expected)
        return value

    start = f'above {low:g}' if above else f'from {low:g}'
    end = f'below {high:g}' if below else f'up to {high:g}'
    expected = f'a number {start} and {end}'
    return read


count = whole(1, 10**9)
"""How many of something."""
images = whole(1, 10**6)
"""How many pictures to make; six digits number them."""
images_or_none = whole(0, 10**6)
epochs = whole(1, 10**6)
batch = whole(1, 10**6)
pixels = whole(1, 2**15)
"""Side of an image. OpenCV and JPEG end there, or soon after."""
processes = whole(1, 1024)
"""Processes of one machine, or its GPUs."""
loading_processes = whole(0, 1024)
"""Processes beside the main one that load data; with none it does so itself."""
rounds = whole(1, 10**6)
"""How often to measure."""
seed = whole(0, 2**32 - 1)
"""What NumPy takes."""
share = number(0, 1, above=True)
"""A part of a whole, which may be all of it."""
inside = number(0, 1, above=True, below=True)
"""A part of a whole that leaves something."""
positive = number(0, 1e15, above=True)
not_negative = number(0, 1e15)


def percent(text: str) -> float:
    """A type: a part of a whole, written as ``10%`` or ``0.1``, which may be all of it."""
    try:
        value = float(text[:-1]) / 100 if text.endswith('%') else float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise refusal(text, 'a share such as 10% or 0.1, up to 100%,')
    return value


def large_count(text: str) -> int:
    """A type: a count such as 1281167, 14M or 1B, up to 10^13."""
    unit = _UNITS.get(text[-1:], 1)
    try:
        value = float(text[:-1] if unit > 1 else text) * unit
        if not 1 <= value <= 10**13:
            raise ValueError
    except ValueError:
        raise refusal(text, 'a number such as 1281167 or 14M, from 1 to 10^13,') from None
    return round(value)


channels = whole(1, 64)
"""Of an image."""


def bands(text: str) -> list[int]:
    """A type: numbers of channels from 1, such as ``4,3,2,8``."""
    try:
        numbers = [channels(word.strip(' ()[]')) for word in text.split(',')]
    except ArgumentTypeError:
        raise refusal(text, 'channels from 1 to 64 with commas, such as 4,3,2,8,') from None
    return numbers


def shown(text: str) -> list[int]:
    """A type: numbers of three channels that are drawn as red, green and blue, or of one."""
    try:
        numbers = bands(text)
    except ArgumentTypeError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise refusal(text, 'three channels with commas, such as 4,3,2, or one')
    return numbers


def batch_or_auto(text: str) -> int | str:
    """A type: images a step, or ``auto``."""
    return text if text == 'auto' else batch(text)


def word(text: str) -> str:
    """A type: a name of something, not empty and without control characters."""
    if not text.strip() or not text.isprintable() or len(text) > _LONGEST_PATH:
        raise refusal(text, 'a name')
    return text


def location(text: str) -> str:
    """A type: a path or an address, as it is written, but that ``~`` is the home folder."""
    names = os.fsencode(text).split(b'/')
    if not text.strip() or '\0' in text:
        raise refusal(text, 'a path')
    if len(os.fsencode(text)) > _LONGEST_PATH or max(map(len, names)) > _LONGEST_NAME:
        raise refusal(text, f'a path with names of at most {_LONGEST_NAME} bytes')
    return expand_home(text)


def path(text: str) -> Path:
    """A type: a path of this machine. An empty one, which ``Path`` takes for '.', is refused."""
    return Path(location(text))


def file_ending(*endings: str) -> Callable[[str], Path]:
    """Return a type: the path of a file whose name ends in one of these, such as ``'.png'``."""

    def read(text: str) -> Path:
        file = path(text)
        if file.suffix.lower() not in endings:
            raise refusal(text, f'a file name that ends in {" or ".join(endings)}')
        return file

    return read


picture = file_ending('.png', '.jpg', '.jpeg', '.pdf', '.svg', '.tif', '.tiff', '.webp')
"""What is drawn: Matplotlib writes all of them."""
weights = file_ending('.pth', '.pt', '.bin', '.safetensors')
"""Checkpoints to write."""


def device(text: str) -> str:
    """A type: a device of torch, such as cpu, cuda or cuda:0. Whether it is there shows later."""
    if not _DEVICE.fullmatch(text):
        raise refusal(text, "a device such as 'cpu' or 'cuda:0'")
    return text


def setting(text: str) -> str:
    """A type: ``KEY=VALUE`` with dots in the key, for a config. The value may be empty."""
    key = text.partition('=')[0]
    if not _SETTING.fullmatch(text) or '\0' in text or not key.isprintable():
        raise refusal(text, 'KEY=VALUE, such as optim_wrapper.optimizer.lr=1e-4,')
    return text


def refusal(text: str, expected: str) -> ArgumentTypeError:
    """Return what a type raises: the value, shortened, and what was expected."""
    return ArgumentTypeError(f'{_repr.repr(text)}, but {expected} is expected.')
