"""``mmcv.ops.RoIAlign`` without compiled operators: values, gradients, dtypes."""

import pytest
import torch

import mmcnx2  # noqa: F401  (answers mmcv._ext)

ops = pytest.importorskip('mmcv.ops')


@pytest.fixture
def features():
    return torch.randn(2, 3, 9, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def rois():
    return torch.tensor(
        [[0, 1.3, 2.1, 11.7, 9.2], [1, 0, 0, 13.9, 17.8], [1, 5.5, 5.5, 6.0, 6.5]],
        dtype=torch.float64,
    )


def test_hand_computed_case():
    # On a ramp, the average over a bin is the ramp at the bin's center; pixel centers are at +0.5.
    ramp = torch.arange(8.0).repeat(8, 1)[None, None]
    pooled = ops.roi_align(ramp, torch.tensor([[0.0, 2, 2, 6, 6]]), 2, 1.0, 2, 'avg', True)
    torch.testing.assert_close(pooled[0, 0], torch.tensor([[2.5, 4.5], [2.5, 4.5]]))
    legacy = ops.roi_align(ramp, torch.tensor([[0.0, 2, 2, 6, 6]]), 2, 1.0, 2, 'avg', False)
    torch.testing.assert_close(legacy[0, 0], torch.tensor([[3.0, 5.0], [3.0, 5.0]]))


@pytest.mark.parametrize('aligned', [True, False], ids=['aligned', 'legacy'])
@pytest.mark.parametrize('sampling_ratio', [0, 2], ids=['adaptive', 'samples2'])
def test_agrees_with_torchvision(features, rois, sampling_ratio, aligned):
    from torchvision.ops import roi_align

    layer = ops.RoIAlign((5, 3), 0.5, sampling_ratio, aligned=aligned)
    expected = roi_align(features, rois, (5, 3), 0.5, sampling_ratio, aligned)
    torch.testing.assert_close(layer(features, rois), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('aligned', [True, False], ids=['aligned', 'legacy'])
@pytest.mark.parametrize('sampling_ratio', [0, 2], ids=['adaptive', 'samples2'])
def test_gradient(features, rois, sampling_ratio, aligned):
    layer = ops.RoIAlign((2, 3), 0.5, sampling_ratio, aligned=aligned)
    assert torch.autograd.gradcheck(lambda x: layer(x, rois), features.requires_grad_())


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16], ids=str)
def test_half_types_are_pooled_in_float32(features, rois, dtype):
    layer = ops.RoIAlign((2, 3), 0.5, 2)
    half = features.to(dtype).requires_grad_()
    pooled = layer(half, rois.float())
    assert pooled.dtype == dtype, 'output'
    expected = layer(half.detach().float(), rois.float())
    torch.testing.assert_close(pooled.float(), expected, rtol=1e-2, atol=1e-2)
    pooled.sum().backward()
    assert half.grad.dtype == dtype, 'gradient'


def test_max_mode_is_refused(features, rois):
    with pytest.raises(NotImplementedError, match="pool_mode='avg'"):
        ops.RoIAlign((2, 2), pool_mode='max')(features, rois)
