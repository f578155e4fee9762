"""Whichever GRN is chosen, with few rows or many and whoever looks on: the same numbers."""

import pytest
import torch
import torch.nn.functional as F

from mmcnx2.nn.ops.grn import gelu_grn, gelu_grn_linear, naive
from tests.support.closeness import assert_all_close
from tests.support.operations import draw, results

ROWS = [40, 3]


def inputs(rows):
    return {
        'x': draw(2, rows, 8, seed=0),
        'gamma': draw(8, seed=1),
        'beta': draw(8, seed=2),
        'weight': draw(4, 8, seed=3),
        'bias': draw(4, seed=4),
    }


def definition(x, gamma, beta, weight, bias):
    return F.linear(naive.grn(F.gelu(x), gamma, beta, 1e-6), weight, bias)


def chosen(x, gamma, beta, weight, bias):
    return gelu_grn_linear(x, gamma, beta, 1e-6, weight, bias, ops='torch')


@pytest.mark.parametrize('rows', ROWS)
def test_equals_the_definition(rows):
    given = inputs(rows)
    assert_all_close(results(definition, given), results(chosen, given), relative=1e-12)


@pytest.mark.parametrize('rows', ROWS)
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_under_autocast_output_and_gradients_are_those_of_half_precision(rows, dtype):
    def under_autocast(x, *rest):
        with torch.autocast('cpu', dtype):
            return chosen(x.to(dtype), *rest).float()

    given = inputs(rows)
    found = results(under_autocast, given, dtype=torch.float32)
    assert_all_close(results(definition, given), found, relative=16 * torch.finfo(dtype).eps)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_a_trace_keeps_the_statistics_of_half_precision_in_float32(dtype):
    x, gamma, beta, *_ = inputs(40).values()
    half = [(300 * x).to(dtype), gamma.to(dtype), beta.to(dtype)]  # squares beyond float16's range
    traced = torch.jit.trace(
        lambda *given: gelu_grn(*given, 1e-6, ops='torch'), half, check_trace=False
    )
    assert not [node for node in traced.graph.nodes() if node.kind() == 'prim::PythonOp']
    expected = naive.grn(F.gelu(half[0].double()), half[1].double(), half[2].double(), 1e-6)
    tolerance = 8 * torch.finfo(dtype).eps
    torch.testing.assert_close(traced(*half).double(), expected, rtol=tolerance, atol=tolerance)
