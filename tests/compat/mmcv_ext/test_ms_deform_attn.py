"""Deformable attention through the autograd function that mmcv takes on a GPU."""

import pytest
import torch
from torch.autograd import gradcheck

import mmcnx2  # noqa: F401  (answers mmcv._ext)

pytest.importorskip('mmcv.ops')
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction

SHAPES = torch.tensor([[3, 4], [2, 2]])
STARTS = torch.tensor([0, 12])


def inputs(dtype=torch.float64) -> tuple[torch.Tensor, ...]:
    """Two images, five queries, two heads of three channels, two levels of two points."""
    generator = torch.Generator().manual_seed(0)
    value = torch.randn(2, 16, 2, 3, generator=generator, dtype=dtype)
    # Some lie outside the maps.
    at = torch.rand(2, 5, 2, 2, 2, 2, generator=generator, dtype=dtype) * 1.4 - 0.2
    weights = torch.rand(2, 5, 2, 2, 2, generator=generator, dtype=dtype)
    return value, at, weights


def attend(value, at, weights):
    return MultiScaleDeformableAttnFunction.apply(value, SHAPES, STARTS, at, weights, 64)


def definition(value, at, weights):
    """Every point by itself, interpolated between four pixels, of which those outside are 0."""
    images, queries, heads, levels, points, _ = at.shape
    output = value.new_zeros(images, queries, heads, value.shape[-1])
    for b, q, h, level, p in torch.cartesian_prod(
        *map(torch.arange, (images, queries, heads, levels, points))
    ).tolist():
        height, width = SHAPES[level].tolist()
        x, y = (at[b, q, h, level, p] * torch.tensor([width, height]) - 0.5).tolist()
        for row in range(height):
            for column in range(width):
                share = max(0, 1 - abs(y - row)) * max(0, 1 - abs(x - column))
                pixel = value[b, STARTS[level] + row * width + column, h]
                output[b, q, h] += weights[b, q, h, level, p] * share * pixel
    return output.flatten(2)


def test_values_are_the_definitions():
    torch.testing.assert_close(attend(*inputs()), definition(*inputs()))


def test_gradients():
    assert gradcheck(attend, tuple(each.requires_grad_() for each in inputs()))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_half_types_are_computed_in_float32(dtype):
    half = [each.requires_grad_() for each in inputs(dtype)]
    full = [each.detach().float().requires_grad_() for each in half]
    found, expected = attend(*half), attend(*full)
    assert found.dtype == dtype and torch.equal(found, expected.to(dtype))
    found.sum().backward()
    expected.sum().backward()
    for one, other in zip(half, full, strict=True):
        assert torch.equal(one.grad, other.grad.to(dtype))
