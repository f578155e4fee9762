"""GELU and GRN as one operation in Triton: GELU's output is never stored.

Forward: one pass sums the squares, one writes the output. Backward: one pass sums what the
statistics need, one writes the gradient. GELU is computed again in each, which costs less than
memory would. Between the passes one program an image turns sums into scales. Sums are float32, or
float64 for float64 rows, and no atomics are used: the same input gives the same bits.

In float64, GELU takes the error function itself. For narrower rows the tail of the normal
distribution is 2 to a polynomial, which is off by 8e-8 at most: an error function off by 1.6e-7.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from mmcnx2.nn.ops.launching import on_own_device
from mmcnx2.nn.ops.precision import wide_dtype

# Sites and channels of one tile.
TILE = (16, 64)
# At least so many tiles of sites has one program of a sum, and at most so many programs an image.
TILES, CHUNKS = 8, 64
# Chunks and channels that a program between the passes reads at once; no width spills registers.
RESPOND_TILE = (8, 256)


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
    _square_kernel[(chunks, n, blocks)](x, squares, sites, channels, **sizes)
    norm, mean = squares.new_empty(n, channels), squares.new_empty(n)
    scale = torch.empty_like(norm)
    _respond_kernel[(n,)](
        squares, gamma, norm, mean, scale, chunks, channels, eps, **_respond_tile()
    )
    out = torch.empty_like(x)
    _output_kernel[(triton.cdiv(sites, TILE[0]), n, blocks)](
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
    _dot_kernel[(chunks, n, blocks)](x, grad, dot, total, sites, channels, **sizes)
    scale, slope, share = (torch.empty_like(norm) for _ in range(3))
    _respond_backward_kernel[(n,)](
        dot, gamma, norm, mean, scale, slope, share, chunks, channels, **_respond_tile()
    )
    grad_x = torch.empty_like(x)
    _gradient_kernel[(triton.cdiv(sites, TILE[0]), n, blocks)](
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


def _tile(x):
    return dict(
        SITES=TILE[0],
        CHANNELS=min(TILE[1], triton.next_power_of_2(x.shape[2])),
        SUM=tl.float64 if x.dtype == torch.float64 else tl.float32,
    )


def _respond_tile():
    return dict(zip(('CHUNKS', 'WIDTH'), RESPOND_TILE, strict=True))


def _sizes(x):
    """Chunks of sites, blocks of channels, and what a kernel that sums over sites is told."""
    tile = _tile(x)
    tiles = triton.cdiv(x.shape[1], tile['SITES'])
    tiles_each = max(TILES, triton.cdiv(tiles, CHUNKS))
    blocks = triton.cdiv(x.shape[2], tile['CHANNELS'])
    return triton.cdiv(tiles, tiles_each), blocks, dict(tile, tiles=tiles_each)


@triton.jit
def _normal_cdf(x):
    if x.dtype == tl.float64:
        return 0.5 * (1.0 + tl.erf(x * 0.7071067811865476))
    # Fitted to log2 of the tail beyond |x|, with the error of the tail itself as even as it goes.
    size = tl.abs(x)
    power = -2.7719643607584886e-06 * size + 3.8620033691402776e-05
    power = power * size - 0.00018254553459245022
    power = power * size - 0.00014587212487919576
    power = power * size + 0.007075470546725412
    power = power * size - 0.052505025056117274
    power = power * size - 0.45920490960955096
    power = power * size - 1.1511057229904875
    power = power * size - 0.9999999783135425
    tail = tl.exp2(power)
    return tl.where(x > 0, 1.0 - tail, tail)


@triton.jit
def _normal_density(x):
    return 0.3989422804014327 * tl.exp2(-0.7213475204444817 * x * x)


@triton.jit
def _tile_at(site, sites, channels, CHANNELS: tl.constexpr):
    """Offsets and mask of the sites' tile in this program's image and block of channels."""
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    first = tl.program_id(1).to(tl.int64) * sites * channels
    mask = (site < sites)[:, None] & (channel < channels)[None, :]
    return first + (site * channels)[:, None] + channel[None, :], mask, channel


@triton.jit
def _place_of_sums(channels, CHANNELS: tl.constexpr):
    """Where this program's sums over its chunk of sites go, and which of them exist."""
    row = (tl.program_id(1).to(tl.int64) * tl.num_programs(0) + tl.program_id(0)) * channels
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    return row + channel, channel < channels


@triton.jit(do_not_specialize=('sites', 'tiles'))
def _square_kernel(
    x,
    squares,
    sites,
    channels,
    tiles,
    SITES: tl.constexpr,
    CHANNELS: tl.constexpr,
    SUM: tl.constexpr,
):
    total = tl.zeros((SITES, CHANNELS), dtype=SUM)
    tile = 0
    while tile < tiles:
        site = (tl.program_id(0) * tiles + tile) * SITES + tl.arange(0, SITES)
        place, mask, channel = _tile_at(site, sites, channels, CHANNELS)
        value = tl.load(x + place, mask=mask, other=0.0).to(SUM)
        hidden = value * _normal_cdf(value)
        total += hidden * hidden
        tile += 1
    place, wanted = _place_of_sums(channels, CHANNELS)
    tl.store(squares + place, tl.sum(total, axis=0), mask=wanted)


@triton.jit
def _sum_of_chunks(
    partial, image, channel, chunks, channels, CHUNKS: tl.constexpr, WIDTH: tl.constexpr
):
    """Each of some channels' sum over the chunks of an image's sites."""
    total = tl.zeros((CHUNKS, WIDTH), dtype=partial.dtype.element_ty)
    first = 0
    while first < chunks:
        chunk = first + tl.arange(0, CHUNKS)
        place = (image * chunks + chunk)[:, None] * channels + channel[None, :]
        mask = (chunk < chunks)[:, None] & (channel < channels)[None, :]
        total += tl.load(partial + place, mask=mask, other=0.0)
        first += CHUNKS
    return tl.sum(total, axis=0)


@triton.jit(do_not_specialize=('chunks',))
def _respond_kernel(
    squares,
    gamma,
    norm,
    mean,
    scale,
    chunks,
    channels,
    eps,
    CHUNKS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    image = tl.program_id(0).to(tl.int64)
    lengths = tl.zeros((WIDTH,), dtype=norm.dtype.element_ty)
    first = 0
    while first < channels:
        channel = first + tl.arange(0, WIDTH)
        length = tl.sqrt(_sum_of_chunks(squares, image, channel, chunks, channels, CHUNKS, WIDTH))
        tl.store(norm + image * channels + channel, length, mask=channel < channels)
        lengths += length
        first += WIDTH
    middle = tl.sum(lengths, axis=0) / channels + eps
    tl.store(mean + image, middle)
    tl.debug_barrier()  # what is read below, another thread may have written
    first = 0
    while first < channels:
        channel = first + tl.arange(0, WIDTH)
        wanted = channel < channels
        place = image * channels + channel
        response = tl.load(norm + place, mask=wanted, other=0.0) / middle
        factor = tl.load(gamma + channel, mask=wanted, other=0.0).to(response.dtype)
        tl.store(scale + place, 1.0 + factor * response, mask=wanted)
        first += WIDTH


@triton.jit(do_not_specialize=('sites',))
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
    site = tl.program_id(0) * SITES + tl.arange(0, SITES)
    place, mask, channel = _tile_at(site, sites, channels, CHANNELS)
    wanted = channel < channels
    value = tl.load(x + place, mask=mask, other=0.0).to(SUM)
    factor = tl.load(scale + tl.program_id(1) * channels + channel, mask=wanted, other=0.0)
    shift = tl.load(beta + channel, mask=wanted, other=0.0).to(SUM)
    result = value * _normal_cdf(value) * factor[None, :] + shift[None, :]
    tl.store(out + place, result.to(out.dtype.element_ty), mask=mask)


@triton.jit(do_not_specialize=('sites', 'tiles'))
def _dot_kernel(
    x,
    grad,
    dot,
    total,
    sites,
    channels,
    tiles,
    SITES: tl.constexpr,
    CHANNELS: tl.constexpr,
    SUM: tl.constexpr,
):
    products = tl.zeros((SITES, CHANNELS), dtype=SUM)
    upstreams = tl.zeros((SITES, CHANNELS), dtype=SUM)
    tile = 0
    while tile < tiles:
        site = (tl.program_id(0) * tiles + tile) * SITES + tl.arange(0, SITES)
        place, mask, channel = _tile_at(site, sites, channels, CHANNELS)
        value = tl.load(x + place, mask=mask, other=0.0).to(SUM)
        upstream = tl.load(grad + place, mask=mask, other=0.0).to(SUM)
        products += upstream * value * _normal_cdf(value)
        upstreams += upstream
        tile += 1
    place, wanted = _place_of_sums(channels, CHANNELS)
    tl.store(dot + place, tl.sum(products, axis=0), mask=wanted)
    tl.store(total + place, tl.sum(upstreams, axis=0), mask=wanted)


@triton.jit(do_not_specialize=('chunks',))
def _respond_backward_kernel(
    dot,
    gamma,
    norm,
    mean,
    scale,
    slope,
    share,
    chunks,
    channels,
    CHUNKS: tl.constexpr,
    WIDTH: tl.constexpr,
):
    image = tl.program_id(0).to(tl.int64)
    middle = tl.load(mean + image)
    products = tl.zeros((WIDTH,), dtype=norm.dtype.element_ty)
    first = 0
    while first < channels:
        channel = first + tl.arange(0, WIDTH)
        wanted = channel < channels
        place = image * channels + channel
        total = _sum_of_chunks(dot, image, channel, chunks, channels, CHUNKS, WIDTH)
        response = tl.load(norm + place, mask=wanted, other=0.0) / middle
        factor = tl.load(gamma + channel, mask=wanted, other=0.0).to(total.dtype)
        tl.store(scale + place, 1.0 + factor * response, mask=wanted)
        tl.store(share + place, total * response, mask=wanted)
        tl.store(slope + place, factor * total, mask=wanted)  # the response's gradient, for now
        products += factor * total * response
        first += WIDTH
    average = tl.sum(products, axis=0) / channels
    tl.debug_barrier()  # what is read below, another thread may have written
    first = 0
    while first < channels:
        channel = first + tl.arange(0, WIDTH)
        wanted = channel < channels
        place = image * channels + channel
        length = tl.load(norm + place, mask=wanted, other=0.0)
        grad_norm = (tl.load(slope + place, mask=wanted, other=0.0) - average) / middle
        # A channel that is zero everywhere has no direction to grow in: the subgradient is zero.
        alive = length > 0
        channel_slope = tl.where(alive, grad_norm / tl.where(alive, length, 1.0), 0.0)
        tl.store(slope + place, channel_slope, mask=wanted)
        first += WIDTH


@triton.jit(do_not_specialize=('sites',))
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
    site = tl.program_id(0) * SITES + tl.arange(0, SITES)
    place, mask, channel = _tile_at(site, sites, channels, CHANNELS)
    wanted = channel < channels
    row = tl.program_id(1) * channels + channel
    value = tl.load(x + place, mask=mask, other=0.0).to(SUM)
    upstream = tl.load(grad + place, mask=mask, other=0.0).to(SUM)
    factor = tl.load(scale + row, mask=wanted, other=0.0)[None, :]
    channel_slope = tl.load(slope + row, mask=wanted, other=0.0)[None, :]
    cdf = _normal_cdf(value)
    grad_hidden = upstream * factor + value * cdf * channel_slope
    result = grad_hidden * (cdf + value * _normal_density(value))
    tl.store(grad_x + place, result.to(grad_x.dtype.element_ty), mask=mask)
