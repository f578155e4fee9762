"""GELU and GRN as one operation in Triton: GELU's output is never stored.

Forward: one pass sums the squares, one writes the output. Backward: one pass sums what the
statistics need, one writes the gradient. GELU is computed again in each, which costs less than
memory would. Between the passes one program an image turns sums into scales. Sums are float32, or
float64 for float64 rows, and no atomics are used: the same input gives the same bits.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from mmcnx2.nn.ops.launching import on_own_device
from mmcnx2.nn.ops.precision import wide_dtype

# Sites and channels of one tile, and the tiles that one program of a sum walks over.
TILE = (16, 64)
TILES = 8


def gelu_grn(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
    """Compute GRN (paper eqs. 1 to 3) of ``h = GELU(x)``: ``h + gamma * h * N(G(h)) + beta``.

    Args:
        x: ``(N, T, C)``, the sites of N images; float16, bfloat16, float32 or float64.
        gamma: ``(C,)``.
        beta: ``(C,)``.
        eps: Added to the mean norm.

    Returns:
        ``(N, T, C)`` in x's dtype.
    """
    return _gelu_grn(x, gamma, beta, eps)[0]


@torch.library.custom_op('mmcnx2::gelu_grn', mutates_args=())
@on_own_device
def _gelu_grn(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return the output, each channel's norm ``(N, C)``, and their mean plus eps ``(N,)``."""
    x = x.contiguous()
    n, sites, channels = x.shape
    chunks, blocks, sizes = _sizes(x)
    squares = x.new_empty(n, chunks, channels, dtype=wide_dtype(x))
    _square_kernel[(n, chunks, blocks)](x, squares, sites, channels, **sizes)
    norm, mean = squares.new_empty(n, channels), squares.new_empty(n)
    scale = torch.empty_like(norm)
    _respond_kernel[(n,)](
        squares,
        gamma,
        norm,
        mean,
        scale,
        chunks,
        channels,
        eps,
        WIDTH=_width(channels),
    )
    out = torch.empty_like(x)
    _output_kernel[(n, triton.cdiv(sites, TILE[0]), blocks)](
        x, scale, beta, out, sites, channels, **_tile(x)
    )
    return out, norm, mean


@_gelu_grn.register_fake
def _(x, gamma, beta, eps):
    n, _, channels = x.shape
    norm = x.new_empty(n, channels, dtype=wide_dtype(x))
    return torch.empty_like(x, memory_format=torch.contiguous_format), norm, norm.new_empty(n)


@torch.library.custom_op('mmcnx2::gelu_grn_backward', mutates_args=())
@on_own_device
def _gelu_grn_backward(
    grad: Tensor, x: Tensor, gamma: Tensor, norm: Tensor, mean: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of x, gamma and beta."""
    grad, x = grad.contiguous(), x.contiguous()
    n, sites, channels = x.shape
    chunks, blocks, sizes = _sizes(x)
    dot = norm.new_empty(n, chunks, channels)
    total = torch.empty_like(dot)
    _dot_kernel[(n, chunks, blocks)](x, grad, dot, total, sites, channels, **sizes)
    scale, slope, share = (torch.empty_like(norm) for _ in range(3))
    _respond_backward_kernel[(n,)](
        dot,
        gamma,
        norm,
        mean,
        scale,
        slope,
        share,
        chunks,
        channels,
        WIDTH=_width(channels),
    )
    grad_x = torch.empty_like(x)
    _gradient_kernel[(n, triton.cdiv(sites, TILE[0]), blocks)](
        x, grad, scale, slope, grad_x, sites, channels, **_tile(x)
    )
    return grad_x, share.sum(0).to(gamma.dtype), total.sum((0, 1)).to(gamma.dtype)


@_gelu_grn_backward.register_fake
def _(grad, x, gamma, norm, mean):
    return (
        torch.empty_like(x, memory_format=torch.contiguous_format),
        torch.empty_like(gamma),
        torch.empty_like(gamma),
    )


def _save(ctx, inputs, output):
    x, gamma, _, _ = inputs
    _, norm, mean = output
    ctx.save_for_backward(x, gamma, norm, mean)
    ctx.mark_non_differentiable(norm, mean)


def _backward(ctx, grad, grad_norm, grad_mean):
    return *_gelu_grn_backward(grad, *ctx.saved_tensors), None


_gelu_grn.register_autograd(_backward, setup_context=_save)


def _width(channels):
    return triton.next_power_of_2(channels)


def _tile(x):
    return dict(
        SITES=TILE[0],
        CHANNELS=min(TILE[1], _width(x.shape[2])),
        SUM=tl.float64 if x.dtype == torch.float64 else tl.float32,
    )


def _sizes(x):
    """Chunks of sites, blocks of channels, and the constants of a kernel that sums over sites."""
    tile = _tile(x)
    chunks = triton.cdiv(x.shape[1], tile['SITES'] * TILES)
    return chunks, triton.cdiv(x.shape[2], tile['CHANNELS']), dict(tile, TILES=TILES)


@triton.jit
def _normal_cdf(x):
    return 0.5 * (1.0 + tl.erf(x * 0.7071067811865476))


@triton.jit
def _tile_at(site, sites, channels, CHANNELS: tl.constexpr):
    """Offsets and mask of the sites' tile in this program's image and block of channels."""
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    first = tl.program_id(0).to(tl.int64) * sites * channels
    mask = (site < sites)[:, None] & (channel < channels)[None, :]
    return first + (site * channels)[:, None] + channel[None, :], mask, channel


@triton.jit
def _square_kernel(
    x,
    squares,
    sites,
    channels,
    SITES: tl.constexpr,
    CHANNELS: tl.constexpr,
    SUM: tl.constexpr,
    TILES: tl.constexpr,
):
    total = tl.zeros((SITES, CHANNELS), dtype=SUM)
    for tile in range(TILES):
        site = (tl.program_id(1) * TILES + tile) * SITES + tl.arange(0, SITES)
        place, mask, channel = _tile_at(site, sites, channels, CHANNELS)
        value = tl.load(x + place, mask=mask, other=0.0).to(SUM)
        hidden = value * _normal_cdf(value)
        total += hidden * hidden
    row = (tl.program_id(0) * tl.num_programs(1) + tl.program_id(1)) * channels
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    tl.store(squares + row + channel, tl.sum(total, axis=0), mask=channel < channels)


@triton.jit
def _sum_of_chunks(partial, image, chunks, channels, WIDTH: tl.constexpr):
    """Each channel's sum over the chunks of an image's sites."""
    channel = tl.arange(0, WIDTH)
    total = tl.zeros((WIDTH,), dtype=partial.dtype.element_ty)
    chunk = 0
    while chunk < chunks:
        row = (image * chunks + chunk) * channels
        total += tl.load(partial + row + channel, mask=channel < channels, other=0.0)
        chunk += 1
    return total


@triton.jit
def _respond_kernel(squares, gamma, norm, mean, scale, chunks, channels, eps, WIDTH: tl.constexpr):
    image = tl.program_id(0)
    channel = tl.arange(0, WIDTH)
    wanted = channel < channels
    total = _sum_of_chunks(squares, image, chunks, channels, WIDTH)
    length = tl.sqrt(total)
    middle = tl.sum(length, axis=0) / channels + eps
    response = length / middle
    factor = tl.load(gamma + channel, mask=wanted, other=0.0).to(total.dtype)
    tl.store(norm + image * channels + channel, length, mask=wanted)
    tl.store(mean + image, middle)
    tl.store(scale + image * channels + channel, 1.0 + factor * response, mask=wanted)


@triton.jit
def _output_kernel(
    x,
    scale,
    beta,
    out,
    sites,
    channels,
    SITES: tl.constexpr,
    CHANNELS: tl.constexpr,
    SUM: tl.constexpr,
):
    site = tl.program_id(1) * SITES + tl.arange(0, SITES)
    place, mask, channel = _tile_at(site, sites, channels, CHANNELS)
    wanted = channel < channels
    value = tl.load(x + place, mask=mask, other=0.0).to(SUM)
    factor = tl.load(scale + tl.program_id(0) * channels + channel, mask=wanted, other=0.0)
    shift = tl.load(beta + channel, mask=wanted, other=0.0).to(SUM)
    result = value * _normal_cdf(value) * factor[None, :] + shift[None, :]
    tl.store(out + place, result.to(out.dtype.element_ty), mask=mask)


@triton.jit
def _dot_kernel(
    x,
    grad,
    dot,
    total,
    sites,
    channels,
    SITES: tl.constexpr,
    CHANNELS: tl.constexpr,
    SUM: tl.constexpr,
    TILES: tl.constexpr,
):
    products = tl.zeros((SITES, CHANNELS), dtype=SUM)
    upstreams = tl.zeros((SITES, CHANNELS), dtype=SUM)
    for tile in range(TILES):
        site = (tl.program_id(1) * TILES + tile) * SITES + tl.arange(0, SITES)
        place, mask, channel = _tile_at(site, sites, channels, CHANNELS)
        value = tl.load(x + place, mask=mask, other=0.0).to(SUM)
        upstream = tl.load(grad + place, mask=mask, other=0.0).to(SUM)
        products += upstream * value * _normal_cdf(value)
        upstreams += upstream
    row = (tl.program_id(0) * tl.num_programs(1) + tl.program_id(1)) * channels
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    tl.store(dot + row + channel, tl.sum(products, axis=0), mask=channel < channels)
    tl.store(total + row + channel, tl.sum(upstreams, axis=0), mask=channel < channels)


@triton.jit
def _respond_backward_kernel(
    dot, gamma, norm, mean, scale, slope, share, chunks, channels, WIDTH: tl.constexpr
):
    image = tl.program_id(0)
    channel = tl.arange(0, WIDTH)
    wanted = channel < channels
    total = _sum_of_chunks(dot, image, chunks, channels, WIDTH)
    place = image * channels + channel
    length = tl.load(norm + place, mask=wanted, other=0.0)
    middle = tl.load(mean + image)
    factor = tl.load(gamma + channel, mask=wanted, other=0.0).to(total.dtype)
    response = length / middle
    grad_response = factor * total
    grad_norm = (grad_response - tl.sum(grad_response * response, axis=0) / channels) / middle
    # A channel that is zero everywhere has no direction to grow in: the subgradient is zero.
    alive = length > 0
    channel_slope = tl.where(alive, grad_norm / tl.where(alive, length, 1.0), 0.0)
    tl.store(slope + place, channel_slope, mask=wanted)
    tl.store(scale + place, 1.0 + factor * response, mask=wanted)
    tl.store(share + place, total * response, mask=wanted)


@triton.jit
def _gradient_kernel(
    x,
    grad,
    scale,
    slope,
    grad_x,
    sites,
    channels,
    SITES: tl.constexpr,
    CHANNELS: tl.constexpr,
    SUM: tl.constexpr,
):
    site = tl.program_id(1) * SITES + tl.arange(0, SITES)
    place, mask, channel = _tile_at(site, sites, channels, CHANNELS)
    wanted = channel < channels
    row = tl.program_id(0) * channels + channel
    value = tl.load(x + place, mask=mask, other=0.0).to(SUM)
    upstream = tl.load(grad + place, mask=mask, other=0.0).to(SUM)
    factor = tl.load(scale + row, mask=wanted, other=0.0)[None, :]
    channel_slope = tl.load(slope + row, mask=wanted, other=0.0)[None, :]
    cdf = _normal_cdf(value)
    density = 0.3989422804014327 * tl.exp(-0.5 * value * value)
    grad_hidden = upstream * factor + value * cdf * channel_slope
    result = grad_hidden * (cdf + value * density)
    tl.store(grad_x + place, result.to(grad_x.dtype.element_ty), mask=mask)
