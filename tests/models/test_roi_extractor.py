"""RoIs keep their place under mixed precision."""

import pytest
import torch
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmdet is imported)
from mmcnx2.models.roi_extractor import Float32RoIExtractor

OPTIONS = dict(
    roi_layer=dict(type='RoIAlign', output_size=3, sampling_ratio=2),
    out_channels=2,
    featmap_strides=[4, 8],
)
ROIS = torch.tensor([[0, 517.3, 3.1, 561.9, 33.7], [1, 700.2, 9.9, 1013.6, 57.3]])


def make_feats(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((2, 2, 16, 256), (2, 2, 8, 128))
    return tuple(torch.randn(shape, generator=generator).to(dtype) for shape in shapes)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64], ids=str)
def test_is_mmdets_extractor_at_full_precision(dtype):
    feats = make_feats(dtype)
    expected = SingleRoIExtractor(**OPTIONS)(feats, ROIS)
    actual = Float32RoIExtractor(**OPTIONS)(feats, ROIS)
    assert actual.dtype == dtype
    torch.testing.assert_close(actual, expected, rtol=0, atol=0)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16], ids=str)
def test_half_features_are_pooled_where_the_rois_are(dtype):
    feats = make_feats(dtype)
    wide = tuple(feat.float().requires_grad_() for feat in feats)
    expected = SingleRoIExtractor(**OPTIONS)(wide, ROIS)
    narrow = tuple(feat.clone().requires_grad_() for feat in feats)
    with torch.autocast('cpu', torch.bfloat16):
        actual = Float32RoIExtractor(**OPTIONS)(narrow, ROIS)
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)

    upstream = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1))
    (expected * upstream).sum().backward()
    (actual * upstream).sum().backward()
    for level, (wanted, found) in enumerate(zip(wide, narrow, strict=True)):
        assert wanted.grad.any()
        torch.testing.assert_close(found.grad, wanted.grad.to(dtype), msg=f'level {level}')


def test_what_it_is_for():
    """mmdet's own extractor is off by a large part of the features' spread."""
    feats = make_feats(torch.bfloat16)
    exact = SingleRoIExtractor(**OPTIONS)(tuple(feat.float() for feat in feats), ROIS)
    rounded = SingleRoIExtractor(**OPTIONS)(feats, ROIS).float()
    assert (rounded - exact).abs().max() > 0.3
