"""One-stage detectors with all that mmdet does behind the network, before they are traced."""

import pytest
import torch

from mmcnx2.apis.exporting.comparison import compare
from mmcnx2.apis.exporting.kinds import make_program
from tests.support.detectors import ONE_STAGE, assert_equal, one_stage_config
from tests.support.exports import build, pictures, run


@pytest.mark.parametrize('name', ONE_STAGE)
def test_finds_what_mmdet_does(name):
    program = make_program(build(one_stage_config(name)))
    assert ('masks' in program.outputs) == (name == 'rtmdet_ins')
    assert_equal(program)


def test_boxes_that_are_too_small_are_left_out():
    cfg = one_stage_config('rtmdet')
    cfg.model.test_cfg.min_bbox_size = 12
    assert_equal(make_program(build(cfg)))


def test_nms_among_all_classes():
    cfg = one_stage_config('rtmdet')
    cfg.model.test_cfg.nms.class_agnostic = True
    assert_equal(make_program(build(cfg)))


def test_soft_nms_is_replaced_and_said():
    cfg = one_stage_config('fcos')
    cfg.model.test_cfg.nms = dict(type='soft_nms', iou_threshold=0.3)
    program = make_program(build(cfg))
    assert program.notes == [
        'soft_nms is replaced by plain NMS with iou_threshold=0.5: ONNX has no other.'
    ]
    assert_equal(program)


def test_nothing_found_has_no_masks():
    program = make_program(build(one_stage_config('rtmdet_ins')))
    program.test_cfg.score_thr = 1.0
    found = run(program, pictures(1, 64, 96))
    assert found['boxes'].shape == (0, 4) and found['masks'].shape == (0, 64, 96)


def test_a_neck_that_doubles_maps_gets_pictures_that_are_padded():
    cfg = one_stage_config('rtmdet')
    cfg.model.data_preprocessor.pad_size_divisor = 1  # as in mmdet's configs, which pad before it
    model = build(cfg)
    program = make_program(model)
    assert program.notes == [
        'pictures are padded to multiples of 32 px with the mean color, which CSPNeXtPAFPN needs, '
        'not to the size in the pipeline.'
    ]
    assert_equal(program)
    assert model.data_preprocessor.pad_size_divisor == 1, 'the model is left as it was'


def test_the_coarsest_map_has_two_sites():
    program = make_program(build(one_stage_config('retinanet')))
    assert program.least == 128 + 32 and program.facts()['least'] == 160
    compared = compare(program, lambda *inputs: run(program, *inputs))
    assert [size for size, _ in compared] == [(1, 160, 160), (1, 160, 163), (1, 224, 192)]


def test_heads_that_are_read_in_another_way_are_named():
    model = build(one_stage_config('retinanet'))
    model.bbox_head.__class__ = type('GFLHead', (type(model.bbox_head),), dict(predict=torch.add))
    with pytest.raises(ValueError, match='^RetinaNet with GFLHead has no export: of detectors of'):
        make_program(model)
