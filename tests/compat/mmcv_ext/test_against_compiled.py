"""Where a compiled mmcv is installed: our answers equal its own on random inputs."""

import importlib

import pytest
import torch

from mmcnx2.compat.mmcv_ext.nms import nms
from mmcnx2.compat.mmcv_ext.roi_align import roi_align_backward, roi_align_forward
from mmcnx2.compat.mmcv_ext.soft_nms import softnms

pytest.importorskip('mmcv')
compiled = importlib.import_module('mmcv._ext')
if compiled.__spec__.origin == 'mmcnx2.compat.mmcv_ext':
    pytest.skip('no compiled mmcv here', allow_module_level=True)


@pytest.fixture(params=range(5), ids=lambda seed: f'seed{seed}')
def boxes_and_scores(request):
    generator = torch.Generator().manual_seed(request.param)
    boxes = torch.rand(300, 4, generator=generator) * 60
    boxes[:, 2:] += boxes[:, :2]
    # Rounded scores: ties are where implementations part.
    return boxes, (torch.rand(300, generator=generator) * 50).round() / 50


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('iou_threshold', [0.3, 0.5, 0.7])
def test_nms(boxes_and_scores, iou_threshold, offset):
    options = dict(iou_threshold=iou_threshold, offset=offset)
    ours, theirs = nms(*boxes_and_scores, **options), compiled.nms(*boxes_and_scores, **options)
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('method', [0, 1, 2], ids=['naive', 'linear', 'gaussian'])
def test_soft_nms(boxes_and_scores, method, offset):
    options = dict(iou_threshold=0.3, sigma=0.5, min_score=1e-3, method=method, offset=offset)
    ours, theirs = torch.zeros(300, 5), torch.zeros(300, 5)
    kept = softnms(*boxes_and_scores, ours, **options)
    assert kept.tolist() == compiled.softnms(*boxes_and_scores, theirs, **options).tolist()
    torch.testing.assert_close(ours[: len(kept)], theirs[: len(kept)])


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('sampling_ratio', [0, 2])
def test_roi_align(sampling_ratio, aligned):
    features, none = torch.randn(2, 3, 20, 17), torch.zeros(0)
    rois = torch.rand(9, 5) * 30
    rois[:, 0] = torch.arange(9) % 2
    rois[:, 3:] += rois[:, 1:3]
    options = dict(
        aligned_height=7,
        aligned_width=5,
        spatial_scale=0.5,
        sampling_ratio=sampling_ratio,
        pool_mode=1,
        aligned=aligned,
    )
    ours, theirs = torch.zeros(9, 3, 7, 5), torch.zeros(9, 3, 7, 5)
    roi_align_forward(features, rois, ours, none, none, **options)
    compiled.roi_align_forward(features, rois, theirs, none, none, **options)
    torch.testing.assert_close(ours, theirs, msg=lambda text: f'output: {text}')
    grad = torch.randn(9, 3, 7, 5)
    ours, theirs = torch.zeros_like(features), torch.zeros_like(features)
    roi_align_backward(grad, rois, none, none, ours, **options)
    compiled.roi_align_backward(grad, rois, none, none, theirs, **options)
    torch.testing.assert_close(ours, theirs, msg=lambda text: f'gradient: {text}')
