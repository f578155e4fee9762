"""Depthwise convolution in Triton against plain torch in float64, in blocks and in whole maps."""

import pytest
import torch
import torch.nn.functional as F

from mmcnx2.ops.depthwise_conv import Frames, Windows, packed_depthwise_conv
from tests.support.closeness import assert_all_close
from tests.support.operations import DEVICE, draw, results
from tests.support.toy import make_visible

pytest.importorskip('triton')
from mmcnx2.ops.depthwise_conv.triton import depthwise_conv

RADIUS = 3


def inputs(*shape):
    channels = shape[-1]
    return {
        'x': draw(*shape, seed=0),
        'weight': draw(channels, 1, 2 * RADIUS + 1, 2 * RADIUS + 1, seed=1),
        'bias': draw(channels, seed=2),
    }


def on_map(x, weight, bias):
    maps = x.permute(0, 3, 1, 2)
    return F.conv2d(maps, weight, bias, padding=RADIUS, groups=len(weight)).permute(0, 2, 3, 1)


@pytest.mark.parametrize('side', [1, 2, 4, 8])
def test_packed_equals_the_reference(side):
    n, h, w, count = 2, 2, 3, 3
    patches = make_visible(n, h, w, count).flatten().nonzero().flatten()
    given = inputs(n, count * side**2, 3)
    frames = Frames.plan(patches, (n, h, w), side, RADIUS)
    windows = Windows.of_blocks(patches.to(DEVICE), (n, h, w), side, RADIUS)
    expected = results(lambda *args: packed_depthwise_conv(*args, frames), given)
    found = results(lambda *args: depthwise_conv(*args, windows), given, device=DEVICE)
    assert_all_close(expected, found, relative=1e-12)


@pytest.mark.parametrize('size', [(1, 1), (7, 7), (9, 13)], ids='{0[0]}x{0[1]}'.format)
def test_a_whole_map_equals_conv2d(size):
    given = inputs(2, *size, 3)
    windows = Windows.of_map(*size, RADIUS, DEVICE)
    found = results(lambda *args: depthwise_conv(*args, windows), given, device=DEVICE)
    assert_all_close(results(on_map, given), found, relative=1e-12)


def test_channels_beyond_one_block():
    given = inputs(1, 3, 3, 70)
    windows = Windows.of_map(3, 3, RADIUS, DEVICE)
    found = results(lambda *args: depthwise_conv(*args, windows), given, device=DEVICE)
    assert_all_close(results(on_map, given), found, relative=1e-12)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
def test_half_precision_sums_in_float32(dtype):
    given = inputs(1, 5, 6, 4)
    windows = Windows.of_map(5, 6, RADIUS, DEVICE)
    found = results(
        lambda *args: depthwise_conv(*args, windows), given, dtype=dtype, device=DEVICE
    )
    assert_all_close(results(on_map, given), found, relative=8 * torch.finfo(dtype).eps)


def test_the_operation_keeps_torchs_contract():
    windows = Windows.of_map(2, 3, RADIUS, DEVICE)
    x, weight, bias = (tensor.to(DEVICE).requires_grad_() for tensor in inputs(6, 2).values())
    arguments = (x, weight, bias, windows.source, windows.group_rows)
    torch.library.opcheck(torch.ops.mmcnx2.depthwise_conv_triton.default, arguments)


@pytest.mark.parametrize(
    ('size', 'side'),
    [((14, 28), 7), ((7, 7), 7), ((1, 1), 7), ((56, 56), 8), ((64, 80), 8), ((200, 320), 8)],
)
def test_maps_are_cut_into_tiles_that_waste_least(size, side):
    assert Windows.of_map(*size, RADIUS, 'cpu').side == side
