"""LayerNorm in Triton against the definition in float64."""

import pytest
import torch

from mmcnx2.nn.ops.layer_norm import naive
from tests.support.closeness import assert_all_close
from tests.support.devices import DEVICES, triton_device
from tests.support.operations import draw, results

pytest.importorskip('triton')
from mmcnx2.nn.ops.layer_norm import fused_triton
from mmcnx2.nn.ops.layer_norm.fused_triton import layer_norm


@pytest.fixture(params=DEVICES)
def device(request):
    return triton_device(request.param)


def definition(x, weight, bias, shift=None):
    return naive.layer_norm(x, weight, bias, 1e-6, shift)


def fast(x, weight, bias, shift=None):
    return layer_norm(x, weight, bias, 1e-6, shift)


def inputs(*shape, shift=True):
    given = {'x': 3 * draw(*shape, seed=0) + 2}
    names = ('weight', 'bias', 'shift')[: 3 if shift else 2]
    return given | {name: draw(shape[-1], seed=i) for i, name in enumerate(names, 1)}


# A row, a map, more rows than one program of the backward has, and a width beyond 128 threads.
@pytest.mark.parametrize('shape', [(1, 1), (2, 3, 5, 7), (70, 40), (3, 2100)], ids=str)
def test_equals_the_definition(shape, device):
    given = inputs(*shape)
    found = results(fast, given, device=device)
    assert_all_close(results(definition, given), found, relative=1e-11)


def test_without_a_shift(device):
    given = inputs(5, 6, shift=False)
    found = results(fast, given, device=device)
    assert_all_close(results(definition, given), found, relative=1e-11)


def test_several_tiles_a_program(device, monkeypatch):
    monkeypatch.setattr(fused_triton, 'PROGRAMS', 2)
    given = inputs(300, 40)
    found = results(fast, given, device=device)
    assert_all_close(results(definition, given), found, relative=1e-11)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
def test_statistics_are_float32(dtype, device):
    given = inputs(9, 48)
    given['x'] = (100 * given['x']).to(dtype).double()  # squares beyond float16, not its values
    found = results(fast, given, dtype=dtype, device=device)
    relative = 16 * torch.finfo(dtype).eps
    assert_all_close(results(definition, given), found, relative=relative)


def test_it_follows_autocast(device):
    x, weight, bias, shift = (t.float().to(device) for t in inputs(4, 6).values())
    with torch.autocast(device.type, torch.bfloat16):
        assert fast(x, weight, bias, shift).dtype == torch.bfloat16
    assert fast(x, weight, bias, shift).dtype == torch.float32


def test_frozen_parameters_are_not_summed(device, monkeypatch):
    x, weight, bias, shift = (t.to(device) for t in inputs(4, 6).values())
    x.requires_grad_()
    sums = []
    backward = fused_triton._layer_norm_backward
    monkeypatch.setattr(
        fused_triton,
        '_layer_norm_backward',
        lambda *args: (sums.append(args[-1]), backward(*args))[1],
    )
    fast(x, weight, bias, shift).sum().backward()
    assert sums == [False] and x.grad is not None


def test_the_operation_keeps_torchs_contract(device):
    arguments = [tensor.to(device).requires_grad_() for tensor in inputs(3, 4).values()]
    torch.library.opcheck(torch.ops.mmcnx2.layer_norm.default, (*arguments, 1e-6))
