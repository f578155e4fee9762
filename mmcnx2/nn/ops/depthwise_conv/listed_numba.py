"""Depthwise convolution of packed blocks on a CPU, compiled by Numba when it is first called.

Each site's visible neighbors are listed once, through the windows' table, and their products with
the taps are added up over all channels, which lie side by side and fill vector registers. Neither
windows nor canvases are gathered, and hidden neighbors cost nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numba
import numpy as np
import torch
from numba import prange
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv.operation import build_operation
from mmcnx2.nn.ops.precision import widen


def _compile(parallel: bool = False):
    """Compile for any types; kept on disk where the installation or the user's cache is writable.

    'contract' allows a multiplication and an addition to be rounded as one, and nothing else. The
    interpreter stays locked meanwhile: not every threading layer of Numba may be entered twice.
    """

    def decorate(function):
        options = dict(parallel=parallel, fastmath={'contract'})
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # nowhere to keep it: every process compiles its own
            return numba.njit(**options)(function)

    return decorate


@contextmanager
def _threads() -> Iterator[int]:
    """Hold Numba to torch's number of threads, which is given; idle ones would spin, not sleep."""
    threads = torch.get_num_threads()
    before = numba.get_num_threads()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    if torch.get_num_threads() != threads:  # Numba, starting its threads, has set torch's number
        torch.set_num_threads(threads)
    try:
        yield threads
    finally:
        numba.set_num_threads(before)


def _convolve(
    rows: Tensor, taps: Tensor, bias: Tensor | None, source: Tensor, group_rows: int
) -> Tensor:
    wide = widen(rows)  # Numba knows no bfloat16
    out = torch.empty_like(wide)
    # Copies: what NumPy has looked at keeps its size for ever, and FSDP2 empties its parameters.
    taps = taps.to(wide.dtype, copy=True)
    bias = wide.new_zeros(rows.shape[1]) if bias is None else bias.to(wide.dtype, copy=True)
    arrays = _arrays(wide, taps, bias.contiguous(), source)
    with _threads() as parts:
        _convolve_blocks(*arrays, group_rows, *_arrays(out), parts)
    return out.to(rows.dtype)


def _gradient_of_taps(
    grad: Tensor, rows: Tensor, source: Tensor, group_rows: int, kernel_size: int
) -> Tensor:
    wide = widen(rows)
    with _threads() as parts:
        partial = wide.new_zeros(parts, kernel_size**2, rows.shape[1])
        arrays = _arrays(wide, widen(grad), source)
        _sum_taps(*arrays, group_rows, *_arrays(partial), parts)
    return partial.sum(0)


depthwise_conv = build_operation('depthwise_conv_numba', _convolve, _gradient_of_taps)


def _arrays(*tensors):
    return [tensor.detach().numpy() for tensor in tensors]


@_compile()
def _add_products(total, left, left_rows, right, right_rows, count):
    """Add ``left[left_rows[n]] * right[right_rows[n]]``, n < count, to ``total``, channel-wise."""
    fours = count - count % 4
    for n in range(0, fours, 4):  # four at a time, for one load and store of the total
        left_0, right_0 = left[left_rows[n]], right[right_rows[n]]
        left_1, right_1 = left[left_rows[n + 1]], right[right_rows[n + 1]]
        left_2, right_2 = left[left_rows[n + 2]], right[right_rows[n + 2]]
        left_3, right_3 = left[left_rows[n + 3]], right[right_rows[n + 3]]
        for c in range(len(total)):
            total[c] += (left_0[c] * right_0[c] + left_1[c] * right_1[c]) + (
                left_2[c] * right_2[c] + left_3[c] * right_3[c]
            )
    for n in range(fours, count):
        left_0, right_0 = left[left_rows[n]], right[right_rows[n]]
        for c in range(len(total)):
            total[c] += left_0[c] * right_0[c]


@_compile()
def _list_neighbors(window, y, x, kernel, first, seen, through):
    """List the rows that site (y, x) sees and the tap it sees each through; return their count."""
    count = 0
    for dy in range(kernel):
        for dx in range(kernel):
            row = window[y + dy, x + dx]
            if row >= 0:
                seen[count] = first + row
                through[count] = dy * kernel + dx
                count += 1
    return count


@_compile()
def _list_pairs(window, dy, dx, kernel, first, seen, own):
    """List the rows that are seen through tap (dy, dx) and the row of the site that sees each."""
    count = 0
    for y in range(len(window) - kernel + 1):
        for x in range(len(window) - kernel + 1):
            row, site = window[y + dy, x + dx], window[y + kernel // 2, x + kernel // 2]
            if row >= 0 and site >= 0:
                seen[count] = first + row
                own[count] = first + site
                count += 1
    return count


@_compile(parallel=True)
def _convolve_blocks(rows, taps, bias, source, group_rows, out, parts):
    kernel = int(round(np.sqrt(len(taps))))
    blocks = len(rows) // group_rows * len(source)
    for part in prange(parts):
        # Unsigned, or Numba would look out for negative indices at each use.
        seen, through = np.empty(len(taps), np.uint32), np.empty(len(taps), np.uint32)
        for block in range(part * blocks // parts, (part + 1) * blocks // parts):
            window, first = source[block % len(source)], block // len(source) * group_rows
            for y in range(len(window) - kernel + 1):
                for x in range(len(window) - kernel + 1):
                    own = window[y + kernel // 2, x + kernel // 2]
                    if own >= 0:  # else the tile hangs over the edge of its map here
                        count = _list_neighbors(window, y, x, kernel, first, seen, through)
                        total = out[first + own]
                        total[:] = bias
                        _add_products(total, rows, seen, taps, through, count)


@_compile(parallel=True)
def _sum_taps(rows, grad, source, group_rows, partial, parts):
    kernel = int(round(np.sqrt(partial.shape[1])))
    blocks = len(rows) // group_rows * len(source)
    sites = (source.shape[1] - kernel + 1) ** 2
    for part in prange(parts):
        seen, own = np.empty(sites, np.uint32), np.empty(sites, np.uint32)
        for block in range(part * blocks // parts, (part + 1) * blocks // parts):
            window, first = source[block % len(source)], block // len(source) * group_rows
            for dy in range(kernel):
                for dx in range(kernel):
                    count = _list_pairs(window, dy, dx, kernel, first, seen, own)
                    _add_products(partial[part, dy * kernel + dx], rows, seen, grad, own, count)
