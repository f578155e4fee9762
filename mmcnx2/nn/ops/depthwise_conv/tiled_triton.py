"""Depthwise convolution in Triton, over packed blocks or whole maps alike, channels last.

A program owns a few sites and a few channels. It reads each neighbor through the windows' table,
so hidden sites cost nothing and no zero-filled canvas exists. Neighboring sites share most of what
they read, which the L1 cache then serves. Sums are float32, or float64 for float64 rows.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv.operation import build_operation
from mmcnx2.nn.ops.depthwise_conv.windows import Windows
from mmcnx2.nn.ops.launching import on_own_device
from mmcnx2.nn.ops.precision import wide_dtype

# Sites and channels of one program: 128 threads then hold 16 sums each and spill nothing.
FORWARD_TILE = (32, 64)
# The weight's gradient keeps a row of eight taps for each site and channel.
WEIGHT_TILE = (8, 64)
# At most so many programs share the sites of a weight's gradient: enough to fill a large GPU.
WEIGHT_CHUNKS = 64


def _geometry(rows, source, taps, group_rows):
    span = source.shape[-1]
    kernel = round(taps**0.5)
    side = span - kernel + 1
    groups = len(rows) // group_rows
    return dict(
        sites=groups * len(source) * side * side,
        windows=len(source),
        group_rows=group_rows,
        channels=rows.shape[1],
        KERNEL=kernel,
        SIDE=side,
    )


@on_own_device
def _convolve(
    rows: Tensor, taps: Tensor, bias: Tensor | None, source: Tensor, group_rows: int
) -> Tensor:
    out = torch.empty_like(rows)
    geometry = _geometry(rows, source, len(taps), group_rows)
    sites, channels = FORWARD_TILE
    channels = min(channels, triton.next_power_of_2(rows.shape[1]))
    grid = (triton.cdiv(geometry['sites'], sites), triton.cdiv(rows.shape[1], channels))
    _forward_kernel[grid](
        rows,
        taps,
        bias if bias is not None else taps,
        source,
        out,
        **geometry,
        BIAS=bias is not None,
        SITES=sites,
        CHANNELS=channels,
        SUM=tl.float64 if rows.dtype == torch.float64 else tl.float32,
    )
    return out


@on_own_device
def _gradient_of_taps(
    grad: Tensor, rows: Tensor, source: Tensor, group_rows: int, kernel: int
) -> Tensor:
    geometry = _geometry(rows, source, kernel * kernel, group_rows)
    sites, channels = WEIGHT_TILE
    channels = min(channels, triton.next_power_of_2(rows.shape[1]))
    tiles = triton.cdiv(geometry['sites'], sites)
    # A power of two: images of many sizes then share a few compiled kernels.
    tiles_each = triton.next_power_of_2(triton.cdiv(tiles, WEIGHT_CHUNKS))
    chunks = triton.cdiv(tiles, tiles_each)
    partial = rows.new_empty(chunks, kernel, kernel, rows.shape[1], dtype=wide_dtype(rows))
    grid = (chunks, triton.cdiv(rows.shape[1], channels), kernel)
    _weight_kernel[grid](
        grad,
        rows,
        source,
        partial,
        **geometry,
        TILES=tiles_each,
        ROW=triton.next_power_of_2(kernel),
        SITES=sites,
        CHANNELS=channels,
        SUM=tl.float64 if rows.dtype == torch.float64 else tl.float32,
    )
    return partial.sum(0).flatten(0, 1)


depthwise_conv = build_operation('depthwise_conv_triton', _convolve, _gradient_of_taps)


class OnMaps:
    """The convolution of one stage's whole maps ``(N, H, W, C)``.

    The table of neighbors depends on the size of the maps alone. It is made when the first block
    of a stage asks for it, and the other blocks share it.
    """

    def __init__(self):
        self.windows = None

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.windows is None:
            self.windows = Windows.of_map(*x.shape[1:3], weight.shape[-1] // 2, x.device)
        return depthwise_conv(x, weight, bias, self.windows)


@triton.jit
def _place(site, windows, group_rows, channels, SIDE: tl.constexpr, SPAN: tl.constexpr):
    """Where each site's window begins in the table, and its group in the rows' memory."""
    window = site // (SIDE * SIDE)
    inside = site % (SIDE * SIDE)
    start = (window % windows) * (SPAN * SPAN) + inside // SIDE * SPAN + inside % SIDE
    return start, (window // windows).to(tl.int64) * group_rows * channels


@triton.jit
def _forward_kernel(
    rows,
    taps,
    bias,
    source,
    out,
    sites,
    windows,
    group_rows,
    channels,
    KERNEL: tl.constexpr,
    SIDE: tl.constexpr,
    BIAS: tl.constexpr,
    SITES: tl.constexpr,
    CHANNELS: tl.constexpr,
    SUM: tl.constexpr,
):
    SPAN: tl.constexpr = SIDE + KERNEL - 1
    site = tl.program_id(0) * SITES + tl.arange(0, SITES)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    real = site < sites
    wanted = channel < channels
    start, first = _place(site, windows, group_rows, channels, SIDE, SPAN)
    total = tl.zeros((SITES, CHANNELS), dtype=SUM)
    for dy in range(KERNEL):
        for dx in tl.static_range(KERNEL):
            row = tl.load(source + start + dy * SPAN + dx, mask=real, other=-1)
            seen = (row >= 0)[:, None] & wanted[None, :]
            value = tl.load(
                (rows + first)[:, None] + (row * channels)[:, None] + channel[None, :],
                mask=seen,
                other=0.0,
            )
            tap = tl.load(taps + (dy * KERNEL + dx) * channels + channel, mask=wanted, other=0.0)
            total += value.to(SUM) * tap.to(SUM)[None, :]
    if BIAS:
        total += tl.load(bias + channel, mask=wanted, other=0.0).to(SUM)[None, :]
    # The middle of a site's window is the site; a tile may hang over the edge of its map.
    middle: tl.constexpr = (KERNEL // 2) * SPAN + KERNEL // 2
    own = tl.load(source + start + middle, mask=real, other=-1)
    kept = (own >= 0)[:, None] & wanted[None, :]
    tl.store(
        (out + first)[:, None] + (own * channels)[:, None] + channel[None, :],
        total.to(out.dtype.element_ty),
        mask=kept,
    )


@triton.jit
def _weight_kernel(
    grad,
    rows,
    source,
    partial,
    sites,
    windows,
    group_rows,
    channels,
    KERNEL: tl.constexpr,
    SIDE: tl.constexpr,
    TILES: tl.constexpr,
    ROW: tl.constexpr,
    SITES: tl.constexpr,
    CHANNELS: tl.constexpr,
    SUM: tl.constexpr,
):
    SPAN: tl.constexpr = SIDE + KERNEL - 1
    chunk = tl.program_id(0)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    dy = tl.program_id(2)
    dx = tl.arange(0, ROW)  # a row of taps, padded to a power of two
    wanted = channel < channels
    middle: tl.constexpr = (KERNEL // 2) * SPAN + KERNEL // 2
    # Sums stay apart by site until the end: adding them up for every tile would cost more than the
    # products.
    total = tl.zeros((ROW, SITES, CHANNELS), dtype=SUM)
    for tile in range(TILES):
        site = (chunk * TILES + tile) * SITES + tl.arange(0, SITES)
        real = site < sites
        start, first = _place(site, windows, group_rows, channels, SIDE, SPAN)
        own = tl.load(source + start + middle, mask=real, other=-1)
        upstream = tl.load(
            (grad + first)[:, None] + (own * channels)[:, None] + channel[None, :],
            mask=(own >= 0)[:, None] & wanted[None, :],
            other=0.0,
        )
        row = tl.load(
            source + start[None, :] + dy * SPAN + dx[:, None],
            mask=real[None, :] & (dx < KERNEL)[:, None],
            other=-1,
        )
        value = tl.load(
            (rows + first)[None, :, None] + (row * channels)[:, :, None] + channel[None, None, :],
            mask=(row >= 0)[:, :, None] & wanted[None, None, :],
            other=0.0,
        )
        total += value.to(SUM) * upstream.to(SUM)[None, :, :]
    place = ((chunk * KERNEL + dy) * KERNEL + dx)[:, None] * channels + channel[None, :]
    tl.store(partial + place, tl.sum(total, axis=1), mask=(dx < KERNEL)[:, None] & wanted[None, :])
