"""Where a compiled mmcv is installed: our answers equal its own on random inputs."""

import importlib

import pytest
import torch

from mmcnx2.compat.mmcv_ext import deform_conv, focal_loss
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


def test_focal_loss():
    logits, target, none = torch.randn(50, 7), torch.arange(50) % 8, torch.zeros(0)
    for name in ('sigmoid_focal_loss_forward', 'sigmoid_focal_loss_backward'):
        ours, theirs = torch.zeros(50, 7), torch.zeros(50, 7)
        getattr(focal_loss, name)(logits, target, none, ours, gamma=2.0, alpha=0.25)
        try:
            getattr(compiled, name)(logits, target, none, theirs, gamma=2.0, alpha=0.25)
        except RuntimeError as error:  # it has this one for GPUs alone
            pytest.skip(str(error).splitlines()[0])
        torch.testing.assert_close(ours, theirs, msg=name)


@pytest.mark.parametrize('groups', [1, 2])
def test_deform_conv(groups):
    images, weight, none = (
        torch.randn(2, 4, 9, 8),
        torch.randn(6, 4 // groups, 3, 3),
        torch.zeros(0),
    )
    offset, mask = torch.randn(2, 36, 9, 8), torch.rand(2, 18, 9, 8)
    grad, bias = torch.randn(2, 6, 9, 8), torch.randn(6)
    shape = dict(kW=3, kH=3, dW=1, dH=1, padW=1, padH=1, dilationW=1, dilationH=1,
                 group=groups, deformable_group=2, im2col_step=2)  # fmt: skip
    modulated = dict(kernel_h=3, kernel_w=3, stride_h=1, stride_w=1, pad_h=1, pad_w=1,
                     dilation_h=1, dilation_w=1, group=groups, deformable_group=2,
                     with_bias=True)  # fmt: skip
    found = []
    for ext in (deform_conv, compiled):
        tensors = [
            torch.zeros_like(like)
            for like in (grad, images, offset, weight, grad, images, weight, bias, offset, mask)
        ]
        found.append(tensors)
        ext.deform_conv_forward(images, weight, offset, tensors[0], none, none, **shape)
        ext.deform_conv_backward_input(
            images, offset, grad, tensors[1], tensors[2], weight, none.clone(), **shape
        )
        ext.deform_conv_backward_parameters(
            images, offset, grad, tensors[3], none.clone(), none.clone(), scale=1, **shape
        )
        ext.modulated_deform_conv_forward(
            images, weight, bias, none.clone(), offset, mask, tensors[4], none.clone(), **modulated
        )
        ext.modulated_deform_conv_backward(
            images, weight, bias, none.clone(), offset, mask, none.clone(), *tensors[5:], grad,
            **modulated,
        )  # fmt: skip
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
