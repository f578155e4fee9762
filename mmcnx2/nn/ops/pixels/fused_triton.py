"""Visible windows and hidden targets in Triton, straight from the pixels that were read.

A program takes one patch: its bytes are turned, normalized, ordered and cast on the way from one
memory to the other. No float32 image is made, and pixels of other patches are not read. The numbers
are those of :mod:`.naive` but for the order of sums.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from mmcnx2.nn.ops.launching import on_own_device
from mmcnx2.nn.ops.pixels.naive import Pixels
from mmcnx2.nn.ops.precision import autocast_dtype

BLOCK = 1024  # numbers of a patch at once


def windows(pixels: Pixels, patches: Tensor, side: int, kernel: int) -> Tensor:
    """See :func:`.naive.windows`; in autocast's dtype under autocast and float32 otherwise."""
    dtype = autocast_dtype(pixels.device) or torch.float32
    return _windows(*_parts(pixels), patches, side, kernel, dtype)


def targets(pixels: Pixels, patches: Tensor, size: int, eps: float | None) -> Tensor:
    """See :func:`.naive.targets`; in float32."""
    return _targets(*_parts(pixels), patches, size, eps)


def _parts(pixels):
    return pixels.values, pixels.mean.flatten(), pixels.std.flatten(), pixels.turned


@torch.library.custom_op('mmcnx2::pixel_windows', mutates_args=())
@on_own_device
def _windows(
    values: Tensor,
    mean: Tensor,
    std: Tensor,
    turned: bool,
    patches: Tensor,
    side: int,
    kernel: int,
    dtype: torch.dtype,
) -> Tensor:
    values = values.contiguous()
    numbers = values.shape[1] * kernel * kernel
    out = mean.new_empty(len(patches) * side * side, numbers, dtype=dtype)
    grid = (len(patches), triton.cdiv(side * side * numbers, BLOCK))
    _windows_kernel[grid](
        values, mean, std, patches, out, *values.shape[2:], values.shape[1], KERNEL=kernel,
        SIDE=side, TURNED=turned, BLOCK=BLOCK,
    )  # fmt: skip
    return out


@_windows.register_fake
def _(values, mean, std, turned, patches, side, kernel, dtype):
    rows = patches.shape[0] * side * side
    return mean.new_empty(rows, values.shape[1] * kernel * kernel, dtype=dtype)


@torch.library.custom_op('mmcnx2::pixel_targets', mutates_args=())
@on_own_device
def _targets(
    values: Tensor,
    mean: Tensor,
    std: Tensor,
    turned: bool,
    patches: Tensor,
    size: int,
    eps: float | None,
) -> Tensor:
    values = values.contiguous()
    out = mean.new_empty(len(patches), size * size * values.shape[1])
    _targets_kernel[(len(patches),)](
        values, mean, std, patches, out, *values.shape[2:], values.shape[1], eps or 0.0, SIZE=size,
        TURNED=turned, STANDARDIZE=eps is not None, BLOCK=BLOCK,
    )  # fmt: skip
    return out


@_targets.register_fake
def _(values, mean, std, turned, patches, size, eps):
    return mean.new_empty(patches.shape[0], size * size * values.shape[1])


@triton.jit
def _load_normalized(
    values, mean, std, image, y, x, channel, mask, height, width, channels, TURNED: tl.constexpr
):
    """Pixels in float32, by the moments of their channel in the order that is wanted."""
    plane = channel
    if TURNED:
        plane = channels - 1 - channel
    place = ((image * channels + plane) * height + y) * width + x
    value = tl.load(values + place, mask=mask, other=0).to(tl.float32)
    middle = tl.load(mean + channel, mask=mask, other=0.0)
    return tl.div_rn(value - middle, tl.load(std + channel, mask=mask, other=1.0))


@triton.jit
def _corner(patches, height, width, SIZE: tl.constexpr):
    """Image of this program's patch, and its first row and column."""
    patch = tl.load(patches + tl.program_id(0))
    down, across = height // SIZE, width // SIZE
    inside = patch % (down * across)
    return patch // (down * across), inside // across * SIZE, inside % across * SIZE


@triton.jit(do_not_specialize=('height', 'width', 'channels'))
def _windows_kernel(
    values,
    mean,
    std,
    patches,
    out,
    height,
    width,
    channels,
    KERNEL: tl.constexpr,
    SIDE: tl.constexpr,
    TURNED: tl.constexpr,
    BLOCK: tl.constexpr,
):
    image, top, left = _corner(patches, height, width, SIDE * KERNEL)
    number = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    numbers = SIDE * SIDE * KERNEL * KERNEL * channels
    mask = number < numbers
    # From the inside out: column and row in the window, channel, column and row of the window.
    x, y = number % KERNEL, number // KERNEL % KERNEL
    channel = number // (KERNEL * KERNEL) % channels
    window = number // (KERNEL * KERNEL * channels)
    y, x = top + window // SIDE * KERNEL + y, left + window % SIDE * KERNEL + x
    value = _load_normalized(
        values, mean, std, image, y, x, channel, mask, height, width, channels, TURNED
    )
    place = tl.program_id(0).to(tl.int64) * numbers + number
    tl.store(out + place, value.to(out.dtype.element_ty), mask=mask)


@triton.jit
def _load_part(
    values, mean, std, image, top, left, first, height, width, channels,
    SIZE: tl.constexpr, TURNED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Some numbers of a patch, in the order of row, column, channel, and which of them exist."""
    number = first + tl.arange(0, BLOCK)
    mask = number < SIZE * SIZE * channels
    pixel = number // channels
    y, x = top + pixel // SIZE, left + pixel % SIZE
    value = _load_normalized(
        values, mean, std, image, y, x, number % channels, mask, height, width, channels, TURNED
    )
    return value, number, mask


@triton.jit(do_not_specialize=('height', 'width', 'channels'))
def _targets_kernel(
    values,
    mean,
    std,
    patches,
    out,
    height,
    width,
    channels,
    eps,
    SIZE: tl.constexpr,
    TURNED: tl.constexpr,
    STANDARDIZE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    image, top, left = _corner(patches, height, width, SIZE)
    numbers = SIZE * SIZE * channels
    level, factor = 0.0, 1.0
    if STANDARDIZE:
        # Deviations from the mean, not squares: a patch of one color has none. It is in the cache.
        total = tl.zeros((BLOCK,), dtype=tl.float32)
        first = 0
        while first < numbers:
            value, number, mask = _load_part(
                values, mean, std, image, top, left, first, height, width, channels,
                SIZE, TURNED, BLOCK,
            )  # fmt: skip
            total += tl.where(mask, value, 0.0)
            first += BLOCK
        level = tl.sum(total, axis=0) / numbers
        total = tl.zeros((BLOCK,), dtype=tl.float32)
        first = 0
        while first < numbers:
            value, number, mask = _load_part(
                values, mean, std, image, top, left, first, height, width, channels,
                SIZE, TURNED, BLOCK,
            )  # fmt: skip
            total += tl.where(mask, (value - level) * (value - level), 0.0)
            first += BLOCK
        factor = tl.sqrt(tl.sum(total, axis=0) / (numbers - 1) + eps)
    first = 0
    while first < numbers:
        value, number, mask = _load_part(
            values, mean, std, image, top, left, first, height, width, channels,
            SIZE, TURNED, BLOCK,
        )  # fmt: skip
        place = tl.program_id(0).to(tl.int64) * numbers + number
        tl.store(out + place, (value - level) / factor, mask=mask)
        first += BLOCK
