"""Two-stage detectors with all that mmdet does behind the network, before they are traced."""

import pytest
from mmengine.config import ConfigDict

from mmcnx2.apis.exporting.kinds import make_program
from tests.support.detectors import assert_equal, make_cascade
from tests.support.exports import build, pictures, toy, toy_config


@pytest.fixture(scope='module')
def mask_rcnn():
    return toy('detector')


def test_mask_rcnn(mask_rcnn):
    assert_equal(make_program(mask_rcnn))


def test_a_cascade_averages_its_stages():
    assert_equal(make_program(build(make_cascade(toy_config('detector')))))


def test_faster_rcnn_whose_boxes_are_of_no_class():
    cfg = toy_config('detector')
    cfg.model.roi_head.bbox_head.reg_class_agnostic = True
    for name in ('mask_head', 'mask_roi_extractor'):
        cfg.model.roi_head.pop(name)
    program = make_program(build(cfg))
    assert program.outputs == ('boxes', 'scores', 'labels')
    assert_equal(program)


def test_proposals_that_are_too_small_are_left_out():
    cfg = toy_config('detector')
    cfg.model.test_cfg.rpn.min_bbox_size = 12
    assert_equal(make_program(build(cfg)))


def test_few_proposals_are_filled_up_with_none(mask_rcnn):
    program = make_program(mask_rcnn)
    program.test_cfg.rpn.update(max_per_img=300)  # five levels of 50, less what NMS takes
    assert_equal(program)


def test_soft_nms_is_replaced_and_said(mask_rcnn):
    assert mask_rcnn.test_cfg.rcnn.nms.type == 'soft_nms', 'what our recipes have'
    (note,) = make_program(mask_rcnn).notes
    assert note.startswith('soft_nms is replaced by plain NMS with iou_threshold=0.5')
    assert mask_rcnn.test_cfg.rcnn.nms.type == 'soft_nms', 'the model is left as it was'
    cfg = toy_config('detector')
    cfg.model.test_cfg.rcnn.nms = ConfigDict(type='nms', iou_threshold=0.5)
    assert not make_program(build(cfg)).notes


def test_deviations_see_a_moved_box_another_class_and_a_lost_object(mask_rcnn):
    program = make_program(mask_rcnn)
    images = pictures(1, 96, 131)
    expected = program.original(images)
    assert not any(d.too_large for d in program.deviations(expected, expected))
    moved = expected | dict(boxes=expected['boxes'] + 3)
    other = expected | dict(labels=expected['labels'] + 1)
    lost = {name: value[1:] for name, value in expected.items()}
    hollow = expected | dict(masks=~expected['masks'])
    for wrong in (moved, other, lost, hollow):
        assert any(d.too_large for d in program.deviations(wrong, expected))
