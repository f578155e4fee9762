"""What is frozen costs no gradient of its own, and changes no other."""

import pytest
import torch
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv import listed_numba
from mmcnx2.nn.ops.depthwise_conv.windows import Windows
from mmcnx2.nn.ops.grn.closed_form import grn
from mmcnx2.nn.ops.grn.folded import grn_linear
from tests.support.dispatch import CountCalls

C = 4


def tensors(**shapes) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(shape, generator=generator, dtype=torch.float64)
        for name, shape in shapes.items()
    }


def depthwise_conv(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    windows = Windows.of_map(5, 6, 3, x.device)
    return listed_numba.depthwise_conv(x, weight, bias, windows)


OPERATIONS = {
    'depthwise': (depthwise_conv, dict(x=(2, 5, 6, C), weight=(C, 1, 7, 7), bias=(C,))),
    'grn': (lambda **given: grn(**given, eps=1e-6), dict(x=(2, 5, C), gamma=(C,), beta=(C,))),
    'folded': (
        lambda **given: grn_linear(**given, eps=1e-6),
        dict(x=(2, 9, C), gamma=(C,), beta=(C,), weight=(3, C), bias=(3,)),
    ),
}


def gradients(operation, given: dict[str, Tensor], frozen: set[str]) -> tuple[dict, int]:
    """Return each gradient, and how many operations the backward took."""
    leaves = {name: x.clone().requires_grad_(name not in frozen) for name, x in given.items()}
    loss = operation(**leaves).square().sum()
    with CountCalls() as counted:
        loss.backward()
    return {name: leaf.grad for name, leaf in leaves.items()}, counted.calls.total()


@pytest.mark.parametrize('name', OPERATIONS)
def test_what_is_frozen_costs_nothing(name):
    operation, shapes = OPERATIONS[name]
    given = tensors(**shapes)
    expected, most = gradients(operation, given, set())
    for frozen in given:
        if frozen == 'gamma':
            continue  # a product of what the rows need anyway
        found, calls = gradients(operation, given, {frozen})
        assert calls < most or (frozen == 'bias' and name == 'folded'), frozen  # beta needs it
        assert found.pop(frozen) is None
        assert all(value.equal(expected[other]) for other, value in found.items()), frozen


def test_a_frozen_convolution_makes_no_gradient_of_taps(monkeypatch):
    def refuse(*_):
        raise AssertionError('a gradient of frozen taps is computed')

    monkeypatch.setattr(listed_numba, '_sum_taps', refuse)
    operation, shapes = OPERATIONS['depthwise']
    found, _ = gradients(operation, tensors(**shapes), {'weight'})
    assert found['x'] is not None and found['bias'] is not None
