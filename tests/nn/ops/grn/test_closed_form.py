"""GRN with its backward written out against the definition and autograd's backward."""

import pytest
import torch

from mmcnx2.nn.ops.grn import closed_form, naive
from tests.support.closeness import assert_all_close
from tests.support.operations import draw, results


def inputs(*shape):
    channels = shape[-1]
    return {
        'x': draw(*shape, seed=0),
        'gamma': draw(channels, seed=1),
        'beta': draw(channels, seed=2),
    }


def definition(x, gamma, beta):
    return naive.grn(x, gamma, beta, 1e-6)


def short_cut(x, gamma, beta):
    return closed_form.grn(x, gamma, beta, 1e-6)


@pytest.mark.parametrize('shape', [(1, 1, 1), (1, 5, 3), (3, 1, 8), (2, 49, 17), (2, 130, 64)])
def test_equals_the_definition(shape):
    given = inputs(*shape)
    assert_all_close(results(definition, given), results(short_cut, given), relative=1e-12)


def test_the_definition_is_algorithm_1():
    x, gamma, beta = inputs(2, 7, 5).values()
    gx = torch.norm(x, p=2, dim=1, keepdim=True)
    nx = gx / (gx.mean(dim=-1, keepdim=True) + 1e-6)
    torch.testing.assert_close(definition(x, gamma, beta), gamma * (x * nx) + beta + x)


def test_a_dead_channel_and_a_dead_image_have_finite_gradients():
    given = inputs(3, 6, 4)
    given['x'][:, :, 1] = 0
    given['x'][2] = 0
    assert_all_close(results(definition, given), results(short_cut, given), relative=1e-12)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_statistics_of_half_precision_are_float32(dtype):
    given = inputs(2, 40, 8)
    given['x'] *= 300  # squares beyond float16's range
    found = results(short_cut, given, dtype=dtype)
    relative = 8 * torch.finfo(dtype).eps
    assert_all_close(results(definition, given), found, relative=relative)
