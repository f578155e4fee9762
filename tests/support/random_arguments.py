"""Random arguments for a toolbox's transforms, of the kinds that most of them take."""

import copy
from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

PROB = st.floats(0, 1)
BYTE = st.integers(0, 255)
PIXELS = st.integers(1, 40)
SIZE = st.tuples(PIXELS, PIXELS)
FILL = st.one_of(BYTE, st.tuples(BYTE, BYTE, BYTE))
BACKEND = st.sampled_from(['cv2', 'pillow'])
INTERPOLATION = st.sampled_from(['nearest', 'bilinear', 'bicubic'])


def range_of(low: float, high: float) -> st.SearchStrategy:
    """Draw a pair of numbers in order, both between two."""
    return st.tuples(st.floats(low, high), st.floats(low, high)).map(
        lambda pair: tuple(sorted(pair))
    )


def picture(height: int = 24, width: int = 20, channels: int = 3) -> np.ndarray:
    """Return the bytes of an image, ``(height, width, channels)``, the same ones each time."""
    shape = (height, width, channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def run_all(
    transform: Callable,
    arguments: st.SearchStrategy,
    sample: dict,
    check: Callable[[dict], None],
    examples: int = 30,
) -> None:
    """Run a transform with arguments and draws of all kinds.

    Args:
        transform: Class of the transform.
        arguments: Draws a dict of its arguments.
        sample: What a pipeline would hand to it; each run has a copy.
        check: Called with what it returned, unless that is None, which leaves the image out.
        examples: Number of runs.
    """

    @settings(deadline=None, max_examples=examples, derandomize=True, database=None)
    @given(arguments, st.integers(0, 1000))
    def run(arguments, seed):
        np.random.seed(seed)
        results = transform(**arguments)(copy.deepcopy(sample))
        if results is not None:
            check(results)

    run()
