"""``mmcv.ops.nms`` and ``batched_nms`` keep what the definition keeps."""

import numpy as np
import pytest
import torch

import mmcnx2  # noqa: F401  (answers mmcv._ext)

ops = pytest.importorskip('mmcv.ops')


def greedy_nms(boxes, scores, threshold, offset):
    """The definition, box by box, in float64."""
    boxes, kept = boxes.double().tolist(), []
    for i in scores.argsort(descending=True).tolist():
        if all(iou(boxes[i], boxes[j], offset) <= threshold for j in kept):
            kept.append(i)
    return kept


def iou(a, b, offset):
    def area(box):
        return (box[2] - box[0] + offset) * (box[3] - box[1] + offset)

    width = max(0, min(a[2], b[2]) - max(a[0], b[0]) + offset)
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]) + offset)
    return width * height / (area(a) + area(b) - width * height)


def random_boxes(n, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    boxes = torch.rand(n, 4, generator=generator, dtype=dtype) * 40
    boxes[:, 2:] += boxes[:, :2]
    return boxes, torch.rand(n, generator=generator, dtype=dtype)


@pytest.mark.parametrize('offset', [0, 1], ids=lambda v: f'offset{v}')
@pytest.mark.parametrize('threshold', [0.1, 0.5, 0.7], ids=lambda v: f'iou{v}')
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64], ids=str)
def test_keeps_what_the_definition_keeps(threshold, offset, dtype):
    boxes, scores = random_boxes(83, dtype)
    dets, inds = ops.nms(boxes, scores, threshold, offset=offset)
    assert inds.tolist() == greedy_nms(boxes, scores, threshold, offset)
    assert torch.equal(dets, torch.cat([boxes[inds], scores[inds, None]], dim=1)), 'dets'


def test_hand_computed_case():
    # IoU of the first two is 50 / 150 = 1/3; the third stands alone.
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 5, 10, 15], [20, 20, 30, 30]])
    scores = torch.tensor([0.5, 0.9, 0.1])
    assert ops.nms(boxes, scores, 0.3)[1].tolist() == [1, 2]
    assert ops.nms(boxes, scores, 0.4)[1].tolist() == [1, 0, 2]


def test_an_iou_equal_to_the_threshold_stays():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 3]])  # IoU is 0.3 in float32
    assert ops.nms(boxes, torch.tensor([0.9, 0.8]), 0.3)[1].tolist() == [0, 1]


def test_score_threshold_and_max_num():
    boxes, scores = random_boxes(50)
    _, inds = ops.nms(boxes, scores, 0.9, score_threshold=0.5, max_num=4)
    assert len(inds) == 4 and bool((scores[inds] > 0.5).all())


def test_no_boxes():
    dets, inds = ops.nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert dets.shape == (0, 5) and inds.shape == (0,) and inds.dtype == torch.long


def test_numpy_in_numpy_out():
    boxes, scores = (array.numpy() for array in random_boxes(20))
    dets, inds = ops.nms(boxes, scores, 0.5)
    assert isinstance(dets, np.ndarray) and isinstance(inds, np.ndarray)


@pytest.mark.parametrize('nms_type', ['nms', 'soft_nms'])
def test_batched_nms_never_compares_classes(nms_type):
    box = torch.tensor([[0.0, 0, 10, 10]])
    boxes, scores = box.repeat(4, 1), torch.tensor([0.9, 0.8, 0.7, 0.6])
    classes = torch.tensor([0, 0, 1, 1])
    cfg = dict(type=nms_type, iou_threshold=0.5)
    if nms_type == 'soft_nms':
        cfg.update(min_score=0.05)
    dets, keep = ops.batched_nms(boxes, scores, classes, cfg)
    assert sorted(keep.tolist()) == [0, 2]
    assert dets.shape == (2, 5)
