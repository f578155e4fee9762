"""Each fast depthwise convolution against the definition in float64, in blocks and whole maps."""

from collections import namedtuple
from importlib import import_module

import pytest
import torch
import torch.nn.functional as F

from mmcnx2.nn.ops.depthwise_conv import Windows, naive
from tests.support.closeness import assert_all_close
from tests.support.devices import triton_device
from tests.support.operations import draw, results
from tests.support.toy import make_visible

RADIUS = 3
FILES = dict(numba='listed_numba', triton='tiled_triton')
ON_GPU = pytest.param(('triton', 'cuda'), marks=pytest.mark.gpu)

Kernels = namedtuple('Kernels', 'depthwise_conv operation device')


@pytest.fixture(params=[('numba', 'cpu'), ('triton', 'cpu'), ON_GPU], ids='-'.join)
def kernels(request):
    name, device = request.param
    pytest.importorskip(name)
    device = triton_device(device) if name == 'triton' else device
    module = import_module(f'mmcnx2.nn.ops.depthwise_conv.{FILES[name]}')
    operation = getattr(torch.ops.mmcnx2, f'depthwise_conv_{name}').default
    return Kernels(module.depthwise_conv, operation, device)


def inputs(*shape, radius=RADIUS):
    channels, kernel = shape[-1], 2 * radius + 1
    return {
        'x': draw(*shape, seed=0),
        'weight': draw(channels, 1, kernel, kernel, seed=1),
        'bias': draw(channels, seed=2),
    }


def on_map(x, weight, bias):
    maps, padding = x.permute(0, 3, 1, 2), weight.shape[-1] // 2
    return F.conv2d(maps, weight, bias, padding=padding, groups=len(weight)).permute(0, 2, 3, 1)


def on_kernels(kernels, windows, given, **options):
    def function(*tensors):
        return kernels.depthwise_conv(*tensors, windows)

    return results(function, given, device=kernels.device, **options)


@pytest.mark.parametrize('side', [1, 2, 4, 8])
def test_packed_equals_the_definition(kernels, side):
    n, h, w, count = 2, 2, 3, 3
    patches = make_visible(n, h, w, count).flatten().nonzero().flatten()
    given = inputs(n, count * side**2, 3)
    here, there = (
        Windows.of_blocks(patches.to(device), (n, h, w), side, RADIUS)
        for device in ('cpu', kernels.device)
    )
    expected = results(lambda *args: naive.depthwise_conv(*args, here), given)
    assert_all_close(expected, on_kernels(kernels, there, given), relative=1e-12)


@pytest.mark.parametrize('size', [(1, 1), (7, 7), (9, 13)], ids='{0[0]}x{0[1]}'.format)
def test_a_whole_map_equals_conv2d(kernels, size):
    given = inputs(2, *size, 3)
    windows = Windows.of_map(*size, RADIUS, kernels.device)
    found = on_kernels(kernels, windows, given)
    assert_all_close(results(on_map, given), found, relative=1e-12)


@pytest.mark.parametrize('radius', [0, 1, 2])
def test_narrower_kernels(kernels, radius):
    given = inputs(1, 4, 5, 2, radius=radius)
    windows = Windows.of_map(4, 5, radius, kernels.device)
    found = on_kernels(kernels, windows, given)
    assert_all_close(results(on_map, given), found, relative=1e-12)


def test_channels_beyond_one_block(kernels):
    given = inputs(1, 3, 3, 70)
    windows = Windows.of_map(3, 3, RADIUS, kernels.device)
    found = on_kernels(kernels, windows, given)
    assert_all_close(results(on_map, given), found, relative=1e-12)


def test_no_bias(kernels):
    given = inputs(1, 3, 4, 2)
    del given['bias']
    windows = Windows.of_map(3, 4, RADIUS, kernels.device)
    expected = results(lambda x, weight: on_map(x, weight, None), given)
    found = results(
        lambda x, weight: kernels.depthwise_conv(x, weight, None, windows),
        given, device=kernels.device,
    )  # fmt: skip
    assert_all_close(expected, found, relative=1e-12)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
def test_half_precision_sums_in_float32(kernels, dtype):
    given = inputs(1, 5, 6, 4)
    windows = Windows.of_map(5, 6, RADIUS, kernels.device)
    found = on_kernels(kernels, windows, given, dtype=dtype)
    assert_all_close(results(on_map, given), found, relative=8 * torch.finfo(dtype).eps)


def test_sites_beyond_one_chunk_of_the_weights_gradient(kernels):
    given = inputs(1, 27, 27, 2, radius=0)
    windows = Windows.of_map(27, 27, 0, kernels.device)
    found = on_kernels(kernels, windows, given)
    assert_all_close(results(on_map, given), found, relative=1e-12)


def test_the_same_input_gives_the_same_bits(kernels):
    given = inputs(1, 9, 13, 70, radius=0)
    windows = Windows.of_map(9, 13, 0, kernels.device)
    first, second = (on_kernels(kernels, windows, given, dtype=torch.float32) for _ in range(2))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_the_operation_keeps_torchs_contract(kernels):
    windows = Windows.of_map(2, 3, RADIUS, kernels.device)
    given = inputs(6, 2).values()
    x, weight, bias = (tensor.to(kernels.device).requires_grad_() for tensor in given)
    torch.library.opcheck(kernels.operation, (x, weight, bias, windows.source, windows.group_rows))
