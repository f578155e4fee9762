"""GELU with GRN in Triton against plain torch in float64."""

import pytest
import torch
import torch.nn.functional as F

from mmcnx2.nn.ops.grn.naive import grn
from tests.support.closeness import assert_all_close
from tests.support.devices import DEVICES, triton_device
from tests.support.operations import draw, results

triton = pytest.importorskip('triton')
import triton.language as tl

from mmcnx2.nn.ops.grn import fused_triton
from mmcnx2.nn.ops.grn.fused_triton import gelu_grn


@pytest.fixture(params=DEVICES)
def device(request):
    return triton_device(request.param)


def definition(x, gamma, beta):
    return grn(F.gelu(x), gamma, beta, 1e-6)


def fast(x, gamma, beta):
    return gelu_grn(x, gamma, beta, 1e-6)


def inputs(*shape):
    channels = shape[-1]
    return {
        'x': draw(*shape, seed=0),
        'gamma': draw(channels, seed=1),
        'beta': draw(channels, seed=2),
    }


# The later ones have several chunks of sites and blocks of channels, also between the passes.
SHAPES = [(1, 1, 1), (3, 1, 8), (2, 17, 5), (1, 131, 70), (1, 2, 259), (1, 1153, 1)]


@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_equals_the_definition(shape, device):
    given = inputs(*shape)
    found = results(fast, given, device=device)
    assert_all_close(results(definition, given), found, relative=1e-12)


def test_many_sites_are_shared_among_few_programs(device, monkeypatch):
    monkeypatch.setattr(fused_triton, 'CHUNKS', 2)
    given = inputs(2, 300, 3)
    found = results(fast, given, device=device)
    assert_all_close(results(definition, given), found, relative=1e-12)


@triton.jit
def error_function(x, out, SIZE: tl.constexpr):
    place = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    value = tl.load(x + place)
    tl.store(out + place, 2 * fused_triton._normal_cdf(value * 1.4142135623730951) - 1)


@pytest.mark.parametrize(('dtype', 'most'), [(torch.float32, 5e-7), (torch.float64, 1e-15)])
def test_the_error_function(dtype, most, device):
    x = torch.linspace(-12, 12, 2**15, device=device, dtype=dtype)
    x = torch.cat([x, torch.tensor([0, -0.0, 1e30, -1e30] * 1024, device=device, dtype=dtype)])
    found = torch.empty_like(x)
    error_function[(len(x) // 4096,)](x, found, SIZE=4096)
    assert (found.double() - torch.erf(x.double())).abs().max() <= most


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
def test_half_precision_sums_in_float32(dtype, device):
    given = inputs(2, 19, 12)
    found = results(fast, given, dtype=dtype, device=device)
    relative = 8 * torch.finfo(dtype).eps
    assert_all_close(results(definition, given), found, relative=relative)


def test_a_dead_image_has_finite_gradients(device):
    given = inputs(2, 5, 4)
    given['x'][1] = 0
    found = results(fast, given, device=device)
    assert_all_close(results(definition, given), found, relative=1e-12)


def test_the_same_input_gives_the_same_bits(device):
    given = inputs(1, 131, 70)
    first, second = (results(fast, given, dtype=torch.float32, device=device) for _ in range(2))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_the_operation_keeps_torchs_contract(device):
    arguments = [tensor.to(device) for tensor in inputs(2, 3, 4).values()]
    for tensor in arguments:
        tensor.requires_grad_()
    torch.library.opcheck(torch.ops.mmcnx2.gelu_grn.default, (*arguments, 1e-6))
