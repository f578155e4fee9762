"""Depthwise convolution in Triton, over packed blocks or whole maps alike, channels last.

A line is a row of sites of one window. A program slides along a few lines at once: each neighbor is
read and converted once a line, and its products with the taps go into the sums of all sites that
see it, which stay in registers. Neighbors are read through the windows' table, so hidden sites cost
no memory and no zero-filled canvas exists. Sums are float32, or float64 for float64 rows.

A thread has as many channels as 16 bytes hold, if that divides the width: 40 are five vectors.
"""

from functools import lru_cache
from math import gcd

import torch
import triton
import triton.language as tl
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv.operation import build_operation
from mmcnx2.nn.ops.depthwise_conv.windows import Windows
from mmcnx2.nn.ops.launching import on_own_device
from mmcnx2.nn.ops.precision import wide_dtype

# Vectors of channels in one program: one for each thread of four warps.
VECTORS = 128
# At most so many channels has a program of the weight's gradient: 128 bytes in 16 bits.
BLOCK = 64
# About so many programs share a weight's gradient: enough to fill a large GPU.
WEIGHT_PROGRAMS = 1024
# Three programs then fit a multiprocessor. Left to itself, ptxas once spilled at 96.
OPTIONS = dict(num_warps=4, maxnreg=168)


def forward_constants(dtype: torch.dtype, channels: int, kernel: int, side: int) -> dict:
    """Return what a forward is compiled for, but for the bias."""
    return dict(
        CHANNELS=channels,
        VECTOR=_vector(dtype, channels),
        VECTORS=VECTORS,
        KERNEL=kernel,
        SIDE=side,
        SUM=tl.float64 if dtype == torch.float64 else tl.float32,
    )


def weight_constants(dtype: torch.dtype, channels: int, kernel: int, side: int) -> dict:
    """Return what a weight's gradient is compiled for: a block divides the channels."""
    constants = forward_constants(dtype, channels, kernel, side)
    block = gcd(channels, BLOCK)
    lines = VECTORS * constants.pop('VECTOR') // block
    del constants['VECTORS']
    return dict(constants, BLOCK=block, LINES=lines)


def _vector(dtype, channels):
    return gcd(channels, 16 // dtype.itemsize)


def _geometry(rows, source, kernel, group_rows):
    """Return the side of windows, and what the kernels are told of them."""
    side = source.shape[-1] - kernel + 1
    groups = len(rows) // group_rows
    return side, dict(lines=groups * len(source) * side, windows=len(source), group_rows=group_rows)


@on_own_device
def _convolve(
    rows: Tensor, taps: Tensor, bias: Tensor | None, source: Tensor, group_rows: int
) -> Tensor:
    out = torch.empty_like(rows)
    kernel = round(len(taps) ** 0.5)
    side, geometry = _geometry(rows, source, kernel, group_rows)
    constants = forward_constants(rows.dtype, rows.shape[1], kernel, side)
    vectors = geometry['lines'] * rows.shape[1] // constants['VECTOR']
    _forward_kernel[(triton.cdiv(vectors, VECTORS),)](
        rows,
        taps,
        taps if bias is None else bias,
        source,
        out,
        **geometry,
        **constants,
        BIAS=bias is not None,
        **OPTIONS,
    )
    return out


@on_own_device
def _gradient_of_taps(
    grad: Tensor, rows: Tensor, source: Tensor, group_rows: int, kernel: int
) -> Tensor:
    channels = rows.shape[1]
    side, geometry = _geometry(rows, source, kernel, group_rows)
    constants = weight_constants(rows.dtype, channels, kernel, side)
    programs = kernel * channels // constants['BLOCK']
    tiles = triton.cdiv(geometry['lines'], constants['LINES'])
    tiles_each = triton.cdiv(tiles, triton.cdiv(WEIGHT_PROGRAMS, programs))
    chunks = triton.cdiv(tiles, tiles_each)
    partial = rows.new_empty(chunks, kernel * kernel, channels, dtype=wide_dtype(rows))
    _weight_kernel[(programs, chunks)](
        grad, rows, source, partial, **geometry, tiles=tiles_each, **constants, **OPTIONS
    )
    return partial.sum(0)


depthwise_conv = build_operation('depthwise_conv_triton', _convolve, _gradient_of_taps)


@lru_cache(maxsize=32)  # four stages of eight sizes: some megabytes
@torch.inference_mode(False)  # training may use what an evaluation has made
def _keep(height: int, width: int, radius: int, device: torch.device) -> Windows:
    """Return the windows of maps of one size on one device, made once."""
    return Windows.of_map(height, width, radius, device)


class OnMaps:
    """The convolution of one stage's whole maps ``(N, H, W, C)``.

    The table of neighbors depends on the size of the maps alone, and is kept for the next maps of
    that size.
    """

    def __init__(self):
        self.windows = None

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.windows is None:
            size = (*x.shape[1:3], weight.shape[-1] // 2, x.device)
            # A compiler's tensors stand for others: a table that is made of them is not kept.
            real = type(x) is Tensor and not torch.compiler.is_compiling()
            self.windows = _keep(*size) if real else Windows.of_map(*size)
        return depthwise_conv(x, weight, bias, self.windows)


_SIZES = ('lines', 'windows', 'group_rows', 'tiles')  # of every batch others: one kernel for all


@triton.jit
def _place(line, windows, group_rows, SIDE: tl.constexpr, SPAN: tl.constexpr):
    """Where each line's windows begin in the table, and the first row of its group."""
    window = line // SIDE
    start = (window % windows) * (SPAN * SPAN) + line % SIDE * SPAN
    return start, (window // windows).to(tl.int64) * group_rows


@triton.jit(do_not_specialize=_SIZES[:3])
def _forward_kernel(
    rows,
    taps,
    bias,
    source,
    out,
    lines,
    windows,
    group_rows,
    CHANNELS: tl.constexpr,
    VECTOR: tl.constexpr,
    VECTORS: tl.constexpr,
    KERNEL: tl.constexpr,
    SIDE: tl.constexpr,
    SUM: tl.constexpr,
    BIAS: tl.constexpr,
):
    SPAN: tl.constexpr = SIDE + KERNEL - 1
    RADIUS: tl.constexpr = KERNEL // 2
    A_LINE: tl.constexpr = CHANNELS // VECTOR
    vector = tl.program_id(0).to(tl.int64) * VECTORS + tl.arange(0, VECTORS)
    line = tl.minimum(vector // A_LINE, lines - 1).to(tl.int32)  # what hangs over is not stored
    channel = (vector % A_LINE * VECTOR).to(tl.int32)[:, None] + tl.arange(0, VECTOR)[None, :]
    start, first = _place(line, windows, group_rows, SIDE, SPAN)
    own = (first * CHANNELS)[:, None] + channel
    total = (tl.zeros((VECTORS, VECTOR), dtype=SUM),) * SIDE
    for dy in range(KERNEL):
        tap = ()
        for dx in tl.static_range(KERNEL):
            place = channel + (dy * KERNEL + dx) * CHANNELS
            tap = tap + (tl.load(taps + place).to(SUM),)
        for seen in tl.static_range(SPAN):
            row = tl.load(source + start + (dy * SPAN + seen))
            place = own + (row.to(tl.int64) * CHANNELS)[:, None]
            value = tl.load(rows + place, mask=(row >= 0)[:, None], other=0.0).to(SUM)
            added = ()
            for x in tl.static_range(SIDE):
                if (seen - x >= 0) and (seen - x < KERNEL):
                    added = added + (total[x] + value * tap[seen - x],)
                else:
                    added = added + (total[x],)
            total = added
    if BIAS:
        shift = tl.load(bias + channel).to(SUM)
    for x in tl.static_range(SIDE):
        # The middle of a site's window is the site; a tile may hang over the edge of its map.
        row = tl.load(source + start + (RADIUS * SPAN + RADIUS + x))
        result = total[x]
        if BIAS:
            result += shift
        place = own + (row.to(tl.int64) * CHANNELS)[:, None]
        kept = (row >= 0) & (vector // A_LINE < lines)
        tl.store(out + place, result.to(out.dtype.element_ty), mask=kept[:, None])


@triton.jit(do_not_specialize=_SIZES)
def _weight_kernel(
    grad,
    rows,
    source,
    partial,
    lines,
    windows,
    group_rows,
    tiles,
    CHANNELS: tl.constexpr,
    KERNEL: tl.constexpr,
    SIDE: tl.constexpr,
    SUM: tl.constexpr,
    BLOCK: tl.constexpr,
    LINES: tl.constexpr,
):
    """Sum up one row of taps, for a block of channels and a chunk of the lines.

    The rows of taps of a block are neighbors in the grid: they read the same sites at the same
    time.
    """
    SPAN: tl.constexpr = SIDE + KERNEL - 1
    RADIUS: tl.constexpr = KERNEL // 2
    dy = tl.program_id(0) % KERNEL
    chunk = tl.program_id(1)
    channel = tl.program_id(0) // KERNEL * BLOCK + tl.arange(0, BLOCK)
    # Sums stay apart by line until the end: adding them up for every tile would cost more than the
    # products.
    total = (tl.zeros((LINES, BLOCK), dtype=SUM),) * KERNEL
    tile = 0
    while tile < tiles:
        wanted = (chunk * tiles + tile) * LINES + tl.arange(0, LINES)
        start, first = _place(tl.minimum(wanted, lines - 1), windows, group_rows, SIDE, SPAN)
        own = (first * CHANNELS)[:, None] + channel[None, :]
        upstream = ()
        for x in tl.static_range(SIDE):
            row = tl.load(source + start + (RADIUS * SPAN + RADIUS + x))
            place = own + (row.to(tl.int64) * CHANNELS)[:, None]
            real = (row >= 0) & (wanted < lines)
            upstream = upstream + (tl.load(grad + place, mask=real[:, None], other=0.0).to(SUM),)
        for seen in tl.static_range(SPAN):
            row = tl.load(source + start + (dy * SPAN + seen))
            place = own + (row.to(tl.int64) * CHANNELS)[:, None]
            value = tl.load(rows + place, mask=(row >= 0)[:, None], other=0.0).to(SUM)
            added = ()
            for dx in tl.static_range(KERNEL):
                if (seen - dx >= 0) and (seen - dx < SIDE):
                    added = added + (total[dx] + value * upstream[seen - dx],)
                else:
                    added = added + (total[dx],)
            total = added
        tile += 1
    for dx in tl.static_range(KERNEL):
        place = ((chunk * KERNEL + dy) * KERNEL + dx) * CHANNELS + channel
        tl.store(partial + place, tl.sum(total[dx], axis=0))
