"""``mmcv.ops.soft_nms`` without compiled operators follows the sequential definition."""

import math

import pytest
import torch

import mmcnx2  # noqa: F401  (answers mmcv._ext)

ops = pytest.importorskip('mmcv.ops')


def sequential_soft_nms(boxes, scores, *, threshold, sigma, min_score, method, offset):
    """One box at a time: take the best, lower the rest, drop what falls too low."""
    left = [(score, i) for i, score in enumerate(scores.double().tolist())]
    boxes, kept = boxes.double().tolist(), []
    while left:
        best = max(left, key=lambda entry: entry[0])
        left.remove(best)
        kept.append(best)
        lowered = [
            (score * weight(iou(boxes[best[1]], boxes[i], offset), threshold, sigma, method), i)
            for score, i in left
        ]
        left = [entry for entry in lowered if entry[0] >= min_score]
    return kept


def weight(overlap, threshold, sigma, method):
    if method == 'gaussian':
        return math.exp(-(overlap**2) / sigma)
    if overlap < threshold:
        return 1.0
    return 0.0 if method == 'naive' else 1.0 - overlap


def iou(a, b, offset):
    def area(box):
        return (box[2] - box[0] + offset) * (box[3] - box[1] + offset)

    width = max(0, min(a[2], b[2]) - max(a[0], b[0]) + offset)
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]) + offset)
    return width * height / (area(a) + area(b) - width * height)


@pytest.mark.parametrize('offset', [0, 1], ids=lambda v: f'offset{v}')
@pytest.mark.parametrize('min_score', [1e-3, 0.2], ids=lambda v: f'min{v}')
@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64], ids=str)
def test_follows_the_sequential_definition(method, min_score, offset, dtype):
    generator = torch.Generator().manual_seed(1)
    boxes = torch.rand(71, 4, generator=generator, dtype=dtype) * 30
    boxes[:, 2:] += boxes[:, :2]
    scores = torch.rand(71, generator=generator, dtype=dtype)
    options = dict(sigma=0.5, min_score=min_score, method=method, offset=offset)

    dets, inds = ops.soft_nms(boxes, scores, iou_threshold=0.3, **options)

    expected = sequential_soft_nms(boxes, scores, threshold=0.3, **options)
    assert inds.tolist() == [i for _, i in expected]
    assert torch.equal(dets[:, :4], boxes[inds]), 'boxes'
    lowered = torch.tensor([score for score, _ in expected], dtype=dtype)
    torch.testing.assert_close(dets[:, 4], lowered, rtol=1e-5, atol=1e-7)


def test_hand_computed_case():
    # IoU of the two is 50 / 150 = 1/3.
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 5, 10, 15]])
    scores = torch.tensor([0.9, 0.6])
    linear = ops.soft_nms(boxes, scores, iou_threshold=0.3, method='linear')[0][:, 4]
    torch.testing.assert_close(linear, torch.tensor([0.9, 0.4]))
    gaussian = ops.soft_nms(boxes, scores, sigma=0.5, method='gaussian')[0][:, 4]
    torch.testing.assert_close(gaussian, torch.tensor([0.9, 0.6 * math.exp(-2 / 9)]))
    assert ops.soft_nms(boxes, scores, iou_threshold=0.3, method='naive')[1].tolist() == [0]


def test_equal_scores_are_taken_as_the_compiled_operator_takes_them():
    """A dropped box's place goes to the last one left, which decides the next tie."""
    boxes = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9]])
    scores = torch.tensor([0.9, 0.5, 0.5, 0.5])
    _, inds = ops.soft_nms(boxes, scores, iou_threshold=0.3, method='naive')
    assert inds.tolist() == [0, 3, 2]


def test_the_input_is_left_alone():
    boxes, scores = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 8]]), torch.tensor([0.5, 0.9])
    before = boxes.clone(), scores.clone()
    ops.soft_nms(boxes, scores)
    assert torch.equal(boxes, before[0]) and torch.equal(scores, before[1])


def test_no_boxes():
    dets, inds = ops.soft_nms(torch.zeros(0, 4), torch.zeros(0))
    assert dets.shape == (0, 5) and inds.shape == (0,)


def test_unknown_method_is_refused():
    from mmcnx2.compat.mmcv_ext.soft_nms import softnms

    options = dict(iou_threshold=0.3, sigma=0.5, min_score=0.0, offset=0)
    with pytest.raises(ValueError, match='method 7 is unknown'):
        softnms(torch.zeros(1, 4), torch.ones(1), torch.zeros(1, 5), method=7, **options)
