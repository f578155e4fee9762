"""GRN's short cut against its definition, autograd's backward included."""

import pytest
import torch

from mmcnx2.layouts import DenseLayout, Layout
from mmcnx2.ops.grn import grn
from tests.support.closeness import assert_all_close


def rows(*shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def results(function, x, gamma, beta):
    leaves = [tensor.clone().requires_grad_() for tensor in (x, gamma, beta)]
    output = function(*leaves, 1e-6)
    (output * rows(*output.shape, seed=9).to(output.dtype)).sum().backward()
    names = ('gradient of x', 'gradient of gamma', 'gradient of beta')
    gradients = {name: leaf.grad for name, leaf in zip(names, leaves, strict=True)}
    return {'output': output.detach(), **gradients}


def definition(x, gamma, beta, eps):
    maps = x.unsqueeze(2)  # (N, T, 1, C)
    return Layout.grn(DenseLayout(), maps, gamma, beta, eps).squeeze(2)


@pytest.mark.parametrize('shape', [(1, 1, 1), (1, 5, 3), (3, 1, 8), (2, 49, 17), (2, 130, 64)])
def test_equals_the_definition(shape):
    x, gamma, beta = rows(*shape, seed=0), rows(shape[-1], seed=1), rows(shape[-1], seed=2)
    assert_all_close(
        results(definition, x, gamma, beta), results(grn, x, gamma, beta), relative=1e-12
    )


def test_the_definition_is_algorithm_1():
    x, gamma, beta = rows(2, 7, 5, seed=0), rows(5, seed=1), rows(5, seed=2)
    gx = torch.norm(x, p=2, dim=1, keepdim=True)
    nx = gx / (gx.mean(dim=-1, keepdim=True) + 1e-6)
    torch.testing.assert_close(grn(x, gamma, beta, 1e-6), gamma * (x * nx) + beta + x)


def test_a_dead_channel_and_a_dead_image_have_finite_gradients():
    x = rows(3, 6, 4, seed=0)
    x[:, :, 1] = 0
    x[2] = 0
    gamma, beta = rows(4, seed=1), rows(4, seed=2)
    assert_all_close(
        results(definition, x, gamma, beta), results(grn, x, gamma, beta), relative=1e-12
    )


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_statistics_of_half_precision_are_float32(dtype):
    x = (rows(2, 40, 8, seed=0) * 300).to(dtype)  # squares beyond float16's range
    gamma, beta = rows(8, seed=1).float(), rows(8, seed=2).float()
    exact = results(grn, x.double(), gamma.double(), beta.double())
    found = results(grn, x, gamma, beta)
    assert found['output'].dtype == dtype
    assert_all_close(
        exact, {name: tensor.double() for name, tensor in found.items()},
        relative=8 * torch.finfo(dtype).eps,
    )
