"""``mmcv.ops.sigmoid_focal_loss``, which mmdet takes on a GPU: values and gradients."""

import pytest
import torch
from torch.autograd import gradcheck

import mmcnx2  # noqa: F401  (answers mmcv._ext)

ops = pytest.importorskip('mmcv.ops')

TARGET = torch.tensor([0, 2, 3, 1])
"""Of three classes; the third row is background."""


def logits(dtype=torch.float64) -> torch.Tensor:
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=dtype) * 2


def definition(x: torch.Tensor, gamma: float, alpha: float) -> torch.Tensor:
    loss = torch.empty_like(x)
    for row, its_class in enumerate(TARGET.tolist()):
        for c in range(x.shape[1]):
            p = 1 / (1 + (-x[row, c]).exp())
            if c == its_class:
                loss[row, c] = -alpha * (1 - p) ** gamma * p.log()
            else:
                loss[row, c] = -(1 - alpha) * p**gamma * (1 - p).log()
    return loss


@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
@pytest.mark.parametrize('alpha', [0.25, 1.0, -0.5])
def test_values_and_gradient_are_the_definitions(gamma, alpha):
    x, y = logits().requires_grad_(), logits().requires_grad_()
    found = ops.sigmoid_focal_loss(x, TARGET, gamma, alpha, None, 'none')
    expected = definition(y, gamma, alpha)
    torch.testing.assert_close(found, expected)
    upstream = torch.arange(12.0, dtype=torch.float64).view(4, 3)
    found.backward(upstream)
    expected.backward(upstream)
    torch.testing.assert_close(x.grad, y.grad)


@pytest.mark.parametrize('reduction', ['sum', 'mean'])
def test_rows_weigh_as_their_class(reduction):
    weight = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    target = torch.tensor([0, 2, 1, 1])
    plain = ops.sigmoid_focal_loss(logits(), target, 2.0, 0.25, None, 'none')
    total = (plain * weight[target][:, None]).sum()
    found = ops.sigmoid_focal_loss(logits(), target, 2.0, 0.25, weight, reduction)
    torch.testing.assert_close(found, total / 4 if reduction == 'mean' else total)
    assert gradcheck(
        lambda x: ops.sigmoid_focal_loss(x, target, 2.0, 0.25, weight, reduction),
        logits().requires_grad_(),
    )


def test_background_has_no_weight():
    with pytest.raises(ValueError, match='class 3 has none among 3: give weight=None'):
        ops.sigmoid_focal_loss(logits(), TARGET, 2.0, 0.25, torch.ones(3).double())


@pytest.mark.parametrize('gamma', [0.5, 2.0])
def test_logits_beyond_rounding_give_finite_gradients(gamma):
    x = torch.tensor([[-200.0, 200.0, 0.0]], requires_grad=True)
    loss = ops.sigmoid_focal_loss(x, torch.tensor([1]), gamma, 0.25, None, 'sum')
    loss.backward()
    assert loss.isfinite() and x.grad.isfinite().all()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_half_types_are_computed_in_float32(dtype):
    half = logits(dtype).requires_grad_()
    full = half.detach().float().requires_grad_()
    found = ops.sigmoid_focal_loss(half, TARGET, 2.0, 0.25, None, 'none')
    assert found.dtype == dtype
    expected = ops.sigmoid_focal_loss(full, TARGET, 2.0, 0.25, None, 'none')
    assert torch.equal(found, expected.to(dtype))
    found.sum().backward()
    expected.sum().backward()
    assert torch.equal(half.grad, full.grad.to(dtype))
