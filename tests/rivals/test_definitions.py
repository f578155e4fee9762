"""Each rival of GRN beside its published definition, written out over whole maps."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import mmcnx2.rivals  # noqa: F401  (registers them)
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.nn.grn import GRN
from mmcnx2.nn.layouts import DenseLayout
from mmcnx2.nn.response import build_response
from tests.support.closeness import assert_close
from tests.support.responses import RESPONSES
from tests.support.toy import randomize

C = 32


def make(name: str) -> nn.Module:
    return randomize(build_response(C, RESPONSES[name]).double())


def make_maps() -> Tensor:
    """Draw maps ``(N, H, W, C)``."""
    generator = torch.Generator().manual_seed(4)
    return torch.randn(3, 5, 7, C, generator=generator, dtype=torch.float64)


def check(name: str, definition) -> None:
    """Compare with ``definition(module, gelu(x))``, maps ``(N, H, W, C)``."""
    module, x = make(name), make_maps()
    actual = module.after_gelu(x, DenseLayout())
    assert_close(name, definition(module, F.gelu(x)), actual, relative=1e-12)


def l2(x: Tensor) -> Tensor:
    return x.square().sum((1, 2), keepdim=True).sqrt()


def grn(g, n, residual=1):
    """``gamma * X * N(G(X)) + beta + X`` (eqs. 1 to 3, Algorithm 1)."""
    return lambda m, x: m.gamma * x * n(g(x)) + m.beta + residual * x


def over_mean(g: Tensor) -> Tensor:
    return g / (g.mean(-1, keepdim=True) + 1e-6)


def test_grn_and_the_variant_that_changes_nothing():
    check('grn', grn(l2, over_mean))
    x = make_maps()
    plain = randomize(GRN(C).double())
    same = randomize(build_response(C, dict(type='grn_variant')).double())
    assert_close('grn', plain(x, DenseLayout()), same(x, DenseLayout()), relative=1e-12)


def test_table_2a_aggregation():
    check('grn-average', grn(lambda x: x.mean((1, 2), keepdim=True), over_mean))
    check('grn-l1', grn(lambda x: x.abs().sum((1, 2), keepdim=True), over_mean))


def test_table_2b_normalization():
    def standardize(g):
        sigma = g.var(-1, keepdim=True, unbiased=False).sqrt()
        return (g - g.mean(-1, keepdim=True)) / (sigma + 1e-6)

    check('grn-standardize', grn(l2, standardize))
    check('grn-inverse-mean', grn(l2, lambda g: C / (g.sum(-1, keepdim=True) + 1e-6 * C)))


def test_table_2c_residual():
    check('grn-no-residual', grn(l2, over_mean, residual=0))


def test_table_2d_normalization_layers():
    check('ln', lambda m, x: F.layer_norm(x, (C,), m.weight, m.bias, 1e-6))

    def batch_norm(m, x):
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2), unbiased=False)
        return (x - mean) / (variance + 1e-5).sqrt() * m.weight + m.bias

    check('bn', batch_norm)

    def lrn(m, x):
        # Krizhevsky et al. 2012, section 3.3: k = 2, n = 5, alpha = 1e-4, beta = 0.75.
        padded = F.pad(x.square(), (2, 2))
        total = sum(padded[..., i : i + C] for i in range(5))
        return x / (2 + 1e-4 * total) ** 0.75

    check('lrn', lrn)


def test_batch_norm_remembers_and_evaluates_as_torchs():
    ours, theirs = make('bn'), randomize(nn.BatchNorm1d(C).double())
    for _ in range(2):
        ours.after_gelu(make_maps(), DenseLayout())
        theirs(F.gelu(make_maps()).flatten(0, 2))
    for (name, expected), actual in zip(theirs.named_buffers(), ours.buffers(), strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-10, atol=0, msg=name)
    ours.eval(), theirs.eval()
    x = make_maps()
    expected = theirs(F.gelu(x).flatten(0, 2)).view_as(x)
    assert_close('evaluation', expected, ours.after_gelu(x, DenseLayout()), relative=1e-12)


def test_table_2e_gates():
    def mlp(m, v):
        return m.fc2(m.fc1(v).relu())

    def channels(m, x, *pooled):
        return x * sum(mlp(m, v) for v in pooled).sigmoid()[:, None, None]

    check('se', lambda m, x: channels(m, x, x.mean((1, 2))))

    def cbam(m, x):
        x = channels(m, x, x.mean((1, 2)), x.flatten(1, 2).amax(1))
        pooled = torch.stack((x.mean(-1), x.amax(-1)), dim=1)
        return x * m.conv(pooled).sigmoid().permute(0, 2, 3, 1)

    check('cbam', cbam)


def test_table_16_components():
    check('affine', lambda m, x: m.gamma * x + m.beta + x)
    check('grn-no-normalization', grn(l2, lambda g: g))
    check('site-normalization', grn(lambda x: x, over_mean))


@pytest.mark.parametrize(('name', 'expected'), [('se', 109), ('cbam', 109), ('grn', 89)])
def test_parameters_of_base_are_table_2es(name, expected):
    """In millions, with the head. Se and cbam have 109.6; the paper prints 109."""
    with torch.device('meta'):
        net = ConvNeXtV2('base', response=name)
    total = (sum(p.numel() for p in net.parameters()) + 1000 * 1024 + 1000) / 1e6
    assert total == pytest.approx(expected, abs=0.65)
    if expected == 109:
        assert int(total) == 109


def test_grn_and_its_like_start_as_the_identity():
    x = make_maps()
    for name in ('grn', 'grn-l1', 'grn-standardize', 'affine', 'site-normalization'):
        fresh = build_response(C, RESPONSES[name]).double()
        torch.testing.assert_close(fresh.after_gelu(x, DenseLayout()), F.gelu(x), msg=name)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(response='gdn'), "response='gdn' is unknown: use one of grn, affine, "),
        (dict(response=dict(size=3)), 'is unknown'),
        (dict(response='ln', use_grn=False), 'use_grn=False .* leave those two out'),
        (dict(response='ln', grn_scope='batch'), "grn_scope='batch': leave those two out"),
        (dict(response=dict(type='grn_variant', aggregate='l3')), "aggregate='l3' is unknown"),
        (dict(response=dict(type='grn_variant', normalize='l3')), "normalize='l3' is unknown"),
        (dict(grn_scope='world'), "grn_scope='world' is unknown"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build_response(C, **options)
