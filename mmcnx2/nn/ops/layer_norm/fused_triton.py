"""LayerNorm in Triton: rows in their own dtype, statistics in float32, one pass each way.

Forward: a program holds whole rows, reads them once and writes them once. Backward: a program walks
over its rows, reads them and their upstream gradient once, and keeps the sums over rows that are
the gradients of the parameters. Under autocast torch's own makes a float32 copy before and another
behind. Sums are float64 for float64 rows, and no atomics are used: the same input gives the same
bits.

The bias of the convolution before is added here (``shift``): its gradient is one of those sums, for
which nothing has to be read again.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from mmcnx2.nn.ops.launching import on_own_device
from mmcnx2.nn.ops.precision import follow_autocast, wide_dtype

# Numbers of a tile that each thread holds, and the fewest threads of a program.
A_THREAD, THREADS = 16, 128
# A program of the backward has at least so many rows, and there are at most so many programs.
ROWS_EACH, PROGRAMS = 16, 512


def layer_norm(
    x: Tensor, weight: Tensor, bias: Tensor, eps: float, shift: Tensor | None = None
) -> Tensor:
    """Compute LayerNorm of ``x + shift``; see :func:`.naive.layer_norm`.

    Returns:
        ``(..., C)``, in autocast's dtype under autocast and x's otherwise.
    """
    return _layer_norm(follow_autocast(x), weight, bias, shift, eps)[0]


def constants(dtype: torch.dtype, channels: int) -> tuple[dict, dict]:
    """Return what a kernel is compiled for, but for what it computes, and how it is launched."""
    width = triton.next_power_of_2(channels)
    warps = max(THREADS, min(width // A_THREAD, 1024)) // 32
    rows = max(1, 32 * warps * A_THREAD // width)
    wide = tl.float64 if dtype == torch.float64 else tl.float32
    return dict(CHANNELS=channels, WIDTH=width, ROWS=rows, SUM=wide), dict(num_warps=warps)


@torch.library.custom_op('mmcnx2::layer_norm', mutates_args=())
@on_own_device
def _layer_norm(
    x: Tensor, weight: Tensor, bias: Tensor, shift: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the output, and each row's mean and the inverse of its deviation, ``(R,)``."""
    x = x.contiguous()
    rows = x.numel() // x.shape[-1]
    out = torch.empty_like(x)
    mean, factor = (x.new_empty(rows, dtype=wide_dtype(x)) for _ in range(2))
    sizes, options = constants(x.dtype, x.shape[-1])
    _forward_kernel[(triton.cdiv(rows, sizes['ROWS']),)](
        x,
        weight if shift is None else shift,
        weight,
        bias,
        out,
        mean,
        factor,
        rows,
        eps,
        **sizes,
        SHIFT=shift is not None,
        **options,
    )
    return out, mean, factor


@_layer_norm.register_fake
def _(x, weight, bias, shift, eps):
    mean = x.new_empty(x.numel() // x.shape[-1], dtype=wide_dtype(x))
    out = torch.empty_like(x, memory_format=torch.contiguous_format)
    return out, mean, torch.empty_like(mean)


@torch.library.custom_op('mmcnx2::layer_norm_backward', mutates_args=())
@on_own_device
def _layer_norm_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    shift: Tensor | None,
    mean: Tensor,
    factor: Tensor,
    sums: bool,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of x, and, ``(3, C)``, of weight, bias and shift, or ``(0, C)``."""
    grad, x = grad.contiguous(), x.contiguous()
    rows, channels = len(mean), x.shape[-1]
    sizes, options = constants(x.dtype, channels)
    tiles = triton.cdiv(rows, sizes['ROWS'])
    programs = min(triton.cdiv(rows, ROWS_EACH), PROGRAMS)
    tiles_each = triton.cdiv(tiles, programs)
    programs = triton.cdiv(tiles, tiles_each)
    grad_x = torch.empty_like(x)
    partial = mean.new_empty(programs, 3 if sums else 0, channels)
    _backward_kernel[(programs,)](
        grad,
        x,
        weight if shift is None else shift,
        weight,
        mean,
        factor,
        grad_x,
        partial,
        rows,
        tiles_each,
        **sizes,
        SHIFT=shift is not None,
        SUMS=sums,
        **options,
    )
    return grad_x, partial.sum(0)


@_layer_norm_backward.register_fake
def _(grad, x, weight, shift, mean, factor, sums):
    grad_x = torch.empty_like(x, memory_format=torch.contiguous_format)
    return grad_x, mean.new_empty(3 if sums else 0, x.shape[-1])


def _save(ctx, inputs, output):
    x, weight, bias, shift, _ = inputs
    _, mean, factor = output
    ctx.save_for_backward(x, weight, shift, mean, factor)
    ctx.bias_dtype = bias.dtype
    ctx.mark_non_differentiable(mean, factor)


def _backward(ctx, grad, grad_mean, grad_factor):
    x, weight, shift, mean, factor = ctx.saved_tensors
    wants_x, *wanted, _ = ctx.needs_input_grad
    grad_x, sums = _layer_norm_backward(grad, x, weight, shift, mean, factor, any(wanted))
    dtypes = (weight.dtype, ctx.bias_dtype, None if shift is None else shift.dtype)
    grads = (
        sums[i].to(dtype) if wants else None
        for i, (wants, dtype) in enumerate(zip(wanted, dtypes, strict=True))
    )
    return grad_x if wants_x else None, *grads, None


_layer_norm.register_autograd(_backward, setup_context=_save)


@triton.jit
def _load_rows(x, shift, place, mask, channel, wanted, SUM: tl.constexpr, SHIFT: tl.constexpr):
    value = tl.load(x + place, mask=mask, other=0.0).to(SUM)
    if SHIFT:
        value += tl.load(shift + channel, mask=wanted, other=0.0).to(SUM)[None, :]
    return value


@triton.jit(do_not_specialize=('count',))
def _forward_kernel(
    x,
    shift,
    weight,
    bias,
    out,
    mean,
    factor,
    count,
    eps,
    CHANNELS: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    SUM: tl.constexpr,
    SHIFT: tl.constexpr,
):
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    channel = tl.arange(0, WIDTH)
    real, wanted = row < count, channel < CHANNELS
    mask = real[:, None] & wanted[None, :]
    place = (row.to(tl.int64) * CHANNELS)[:, None] + channel[None, :]
    value = _load_rows(x, shift, place, mask, channel, wanted, SUM, SHIFT)
    middle = tl.sum(value, axis=1) / CHANNELS
    centered = tl.where(wanted[None, :], value - middle[:, None], 0.0)
    inverse = 1.0 / tl.sqrt(tl.sum(centered * centered, axis=1) / CHANNELS + eps)
    tl.store(mean + row, middle, mask=real)
    tl.store(factor + row, inverse, mask=real)
    gain = tl.load(weight + channel, mask=wanted, other=0.0).to(SUM)[None, :]
    base = tl.load(bias + channel, mask=wanted, other=0.0).to(SUM)[None, :]
    result = centered * inverse[:, None] * gain + base
    tl.store(out + place, result.to(out.dtype.element_ty), mask=mask)


@triton.jit(do_not_specialize=('count', 'tiles'))
def _backward_kernel(
    grad,
    x,
    shift,
    weight,
    mean,
    factor,
    grad_x,
    partial,
    count,
    tiles,
    CHANNELS: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    SUM: tl.constexpr,
    SHIFT: tl.constexpr,
    SUMS: tl.constexpr,
):
    channel = tl.arange(0, WIDTH)
    wanted = channel < CHANNELS
    gain = tl.load(weight + channel, mask=wanted, other=0.0).to(SUM)[None, :]
    # Sums stay apart by row until the end: adding them up for every tile would cost more.
    of_weight = tl.zeros((ROWS, WIDTH), dtype=SUM)
    of_bias = tl.zeros((ROWS, WIDTH), dtype=SUM)
    of_shift = tl.zeros((ROWS, WIDTH), dtype=SUM)
    tile = 0
    while tile < tiles:
        row = (tl.program_id(0) * tiles + tile) * ROWS + tl.arange(0, ROWS)
        real = row < count
        mask = real[:, None] & wanted[None, :]
        place = (row.to(tl.int64) * CHANNELS)[:, None] + channel[None, :]
        value = _load_rows(x, shift, place, mask, channel, wanted, SUM, SHIFT)
        upstream = tl.load(grad + place, mask=mask, other=0.0).to(SUM)
        middle = tl.load(mean + row, mask=real, other=0.0)[:, None]
        inverse = tl.load(factor + row, mask=real, other=0.0)[:, None]
        normal = tl.where(mask, (value - middle) * inverse, 0.0)
        scaled = upstream * gain
        level = tl.sum(scaled, axis=1)[:, None] / CHANNELS
        slope = tl.sum(scaled * normal, axis=1)[:, None] / CHANNELS
        result = tl.where(mask, (scaled - level - normal * slope) * inverse, 0.0)
        tl.store(grad_x + place, result.to(grad_x.dtype.element_ty), mask=mask)
        if SUMS:
            of_weight += upstream * normal
            of_bias += upstream
            of_shift += result
        tile += 1
    if SUMS:
        first = partial + tl.program_id(0).to(tl.int64) * (3 * CHANNELS) + channel
        tl.store(first, tl.sum(of_weight, axis=0), mask=wanted)
        tl.store(first + CHANNELS, tl.sum(of_bias, axis=0), mask=wanted)
        tl.store(first + 2 * CHANNELS, tl.sum(of_shift, axis=0), mask=wanted)
