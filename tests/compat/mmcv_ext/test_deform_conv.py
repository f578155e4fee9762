"""Deformable convolutions through the autograd functions that mmcv takes on CPU and GPU."""

import pytest
import torch
from torch.autograd import gradcheck

import mmcnx2  # noqa: F401  (answers mmcv._ext)

ops = pytest.importorskip('mmcv.ops')

# stride, padding, dilation of rows; those of columns differ by one.
STRIDE, PADDING, DILATION, GROUPS, OFFSET_GROUPS = (2, 1), (1, 2), (1, 2), 2, 2


def inputs(dtype=torch.float64) -> dict[str, torch.Tensor]:
    """Two images of four channels and 5x6 px, kernels of 3x2, output of 3x8 sites."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=dtype)

    return dict(
        input=draw(2, 4, 5, 6),
        offset=draw(2, 2 * OFFSET_GROUPS * 6, 3, 8),
        mask=draw(2, OFFSET_GROUPS * 6, 3, 8),
        weight=draw(6, 2, 3, 2),
        bias=draw(6),
    )


def plain(input, offset, weight):
    return ops.deform_conv2d(
        input, offset, weight, STRIDE, PADDING, DILATION, GROUPS, OFFSET_GROUPS
    )


def modulated(input, offset, mask, weight, bias=None):
    return ops.modulated_deform_conv2d(
        input, offset, mask, weight, bias, STRIDE, PADDING, DILATION, GROUPS, OFFSET_GROUPS
    )


def definition(input, offset, weight, mask=None, bias=None):
    """Every product by itself, at sites interpolated between four pixels, 0 outside."""
    (n, _, height, width), (out, per_group, kh, kw) = input.shape, weight.shape
    output = input.new_zeros(n, out, *offset.shape[2:])
    rows, columns = torch.arange(height), torch.arange(width)
    outs = out // GROUPS
    for channel, u, v in torch.cartesian_prod(
        *map(torch.arange, (input.shape[1], kh, kw))
    ).tolist():
        tap = channel // (input.shape[1] // OFFSET_GROUPS) * kh * kw + u * kw + v
        kernels = slice(channel // per_group * outs, (channel // per_group + 1) * outs)
        for i, j in torch.cartesian_prod(*map(torch.arange, output.shape[2:])).tolist():
            y = i * STRIDE[0] - PADDING[0] + u * DILATION[0] + offset[:, 2 * tap, i, j]
            x = j * STRIDE[1] - PADDING[1] + v * DILATION[1] + offset[:, 2 * tap + 1, i, j]
            shares_y = (1 - (y[:, None] - rows).abs()).clamp(min=0)
            shares_x = (1 - (x[:, None] - columns).abs()).clamp(min=0)
            pixel = torch.einsum('nhw,nh,nw->n', input[:, channel], shares_y, shares_x)
            factor = 1 if mask is None else mask[:, tap, i, j]
            weights = weight[kernels, channel % per_group, u, v]
            output[:, kernels, i, j] += weights * (factor * pixel)[:, None]
    return output if bias is None else output + bias[:, None, None]


def test_values_are_the_definitions():
    given = inputs()
    mask, bias = given.pop('mask'), given.pop('bias')
    torch.testing.assert_close(plain(**given), definition(**given))
    given['mask'] = mask
    torch.testing.assert_close(modulated(**given), definition(**given))
    given['bias'] = bias
    torch.testing.assert_close(modulated(**given), definition(**given))


@pytest.mark.parametrize('names', ['input offset weight', 'input offset mask weight',
                                   'input offset mask weight bias'])  # fmt: skip
def test_gradients(names):
    given = [inputs()[name].requires_grad_() for name in names.split()]
    assert gradcheck(modulated if 'mask' in names else plain, given, fast_mode=True)


def test_without_shifts_it_is_a_convolution():
    layer = ops.DeformConv2d(4, 6, 3, padding=1, groups=2)
    images = torch.randn(2, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.conv2d(images, layer.weight, padding=1, groups=2)
    torch.testing.assert_close(layer(images, torch.zeros(2, 18, 5, 6)), expected)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize('names', ['input offset weight', 'input offset mask weight bias'],
                         ids=['plain', 'modulated'])  # fmt: skip
def test_half_types_are_computed_in_float32(names, dtype):
    convolve = modulated if 'mask' in names else plain
    half = [inputs(dtype)[name].requires_grad_() for name in names.split()]
    full = [each.detach().float().requires_grad_() for each in half]
    found, expected = convolve(*half), convolve(*full)
    assert found.dtype == dtype and torch.equal(found, expected.to(dtype))
    upstream = torch.randn(found.shape, generator=torch.Generator().manual_seed(1), dtype=dtype)
    found.backward(upstream)
    expected.backward(upstream.float())
    for name, one, other in zip(names.split(), half, full, strict=True):
        assert torch.equal(one.grad, other.grad.to(dtype)), name
