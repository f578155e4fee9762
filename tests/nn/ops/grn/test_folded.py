"""GRN folded into the layer behind it against the two in turn."""

import pytest
import torch
import torch.nn.functional as F

from mmcnx2.nn.ops.grn.folded import grn_linear
from mmcnx2.nn.ops.grn.naive import grn
from tests.support.closeness import assert_all_close
from tests.support.operations import draw, results

# (N, T, C_in), C_out: as many weights as rows and fewer, one image, one site, odd numbers.
SHAPES = [((2, 49, 16), 4), ((3, 5, 12), 7), ((1, 130, 9), 1), ((2, 1, 8), 3), ((2, 7, 6), 6)]


def inputs(shape, c_out):
    channels = shape[-1]
    return {
        'x': draw(*shape, seed=0),
        'gamma': draw(channels, seed=1),
        'beta': draw(channels, seed=2),
        'weight': draw(c_out, channels, seed=3),
        'bias': draw(c_out, seed=4),
    }


def in_turn(x, gamma, beta, weight, bias):
    return F.linear(grn(x, gamma, beta, 1e-6), weight, bias)


def as_one(x, gamma, beta, weight, bias):
    return grn_linear(x, gamma, beta, 1e-6, weight, bias)


@pytest.mark.parametrize(('shape', 'c_out'), SHAPES, ids=str)
def test_equals_the_two_in_turn(shape, c_out):
    given = inputs(shape, c_out)
    assert_all_close(results(in_turn, given), results(as_one, given), relative=1e-12)


def test_a_dead_channel_and_a_dead_image_have_finite_gradients():
    given = inputs((3, 20, 8), 4)
    given['x'][:, :, 1] = 0
    given['x'][2] = 0
    assert_all_close(results(in_turn, given), results(as_one, given), relative=1e-12)


def test_under_autocast_output_and_gradients_are_those_of_bfloat16():
    given = inputs((2, 40, 8), 4)

    def under_autocast(x, *rest):
        with torch.autocast('cpu', torch.bfloat16):
            return as_one(x.bfloat16(), *rest)

    found = results(lambda x, *r: under_autocast(x, *r).float(), given, dtype=torch.float32)
    relative = 8 * torch.finfo(torch.bfloat16).eps
    assert_all_close(results(in_turn, given), found, relative=relative)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_statistics_of_half_precision_are_float32(dtype):
    given = inputs((2, 40, 8), 4)
    given['x'] *= 300  # squares beyond float16's range
    given['weight'] /= 100
    found = results(as_one, given, dtype=dtype)
    relative = 16 * torch.finfo(dtype).eps
    assert_all_close(results(in_turn, given), found, relative=relative)
