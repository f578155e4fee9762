"""mmdet's transforms take every argument that they say they take, under numpy 2, too."""

import numpy as np
import pytest
import torch

pytest.importorskip('mmdet')

import mmdet.datasets.transforms as theirs
from hypothesis import strategies as st
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from mmengine.registry import init_default_scope

from tests.support.random_arguments import (
    BYTE,
    FILL,
    INTERPOLATION,
    PIXELS,
    PROB,
    SIZE,
    picture,
    range_of,
    run_all,
)

BOXES = torch.tensor([[2.0, 3, 12, 15], [0, 0, 19, 23], [8, 10, 11, 20]])


def masks_of(boxes: torch.Tensor) -> BitmapMasks:
    """Return a mask a box, full."""
    masks = np.zeros((len(boxes), 24, 20), np.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes.int().tolist(), strict=True):
        mask[top:bottom, left:right] = 1
    return BitmapMasks(masks, 24, 20)


def sample(**changes) -> dict:
    objects = dict(
        img=picture(),
        img_shape=(24, 20),
        ori_shape=(24, 20),
        gt_bboxes=HorizontalBoxes(BOXES.clone()),
        gt_bboxes_labels=np.array([0, 1, 2], np.int64),
        gt_ignore_flags=np.array([False, False, True]),
        gt_masks=masks_of(BOXES),
        gt_seg_map=picture()[..., 0] % 5,
    )
    return {name: value for name, value in (objects | changes).items() if value is not None}


def having(**arguments) -> st.SearchStrategy:
    return st.fixed_dictionaries(arguments)


LEVEL = st.one_of(st.none(), st.integers(0, 10))
COLOR = dict(prob=PROB, level=LEVEL)
GEOMETRY = dict(
    COLOR,
    reversal_prob=PROB,
    img_border_value=FILL,
    seg_ignore_label=BYTE,
    interpolation=INTERPOLATION,
)
EDGES = st.tuples(*[st.integers(8, 40)] * 2)  # smaller ones may leave nothing of a box
DIRECTION = st.sampled_from(['horizontal', 'vertical', 'diagonal'])
WHOLE = {
    'AutoAugment': having(),
    'AutoContrast': having(**COLOR),
    'Brightness': having(**COLOR),
    'Color': having(**COLOR),
    'Contrast': having(**COLOR),
    'CutOut': having(
        n_holes=st.one_of(st.integers(0, 4), st.just((1, 4))),
        cutout_shape=st.one_of(SIZE, st.lists(SIZE, min_size=1, max_size=3)),
        fill_in=st.tuples(BYTE, BYTE, BYTE),
    ),
    'Equalize': having(**COLOR),
    'Expand': having(
        mean=st.tuples(BYTE, BYTE, BYTE),
        to_rgb=st.booleans(),
        ratio_range=range_of(1, 4),
        seg_ignore_label=BYTE,
        prob=PROB,
    ),
    'FilterAnnotations': having(
        min_gt_bbox_wh=SIZE,
        min_gt_mask_area=st.integers(1, 99),
        by_box=st.just(True),
        by_mask=st.booleans(),
        keep_empty=st.booleans(),
    ),
    'FixShapeResize': having(
        width=PIXELS, height=PIXELS, keep_ratio=st.booleans(), clip_object_border=st.booleans()
    ),
    'Invert': having(**COLOR),
    'MinIoURandomCrop': having(min_ious=st.just((0.1, 0.3, 0.5)), min_crop_size=st.floats(0.1, 1)),
    'Pad': having(
        size_divisor=st.integers(1, 40),
        pad_val=st.builds(dict, img=st.tuples(BYTE, BYTE, BYTE), seg=BYTE),
    ),
    'PhotoMetricDistortion': having(
        brightness_delta=BYTE,
        contrast_range=range_of(0, 3),
        saturation_range=range_of(0, 3),
        hue_delta=st.integers(0, 180),
    ),
    'Posterize': having(**COLOR),
    'RandAugment': having(aug_num=st.integers(1, 4)),
    'RandomCrop': having(
        crop_size=SIZE.map(lambda pair: tuple(sorted(pair))),  # for 'absolute_range'
        crop_type=st.sampled_from(['absolute', 'absolute_range']),
        allow_negative_crop=st.booleans(),
        recompute_bbox=st.booleans(),
        bbox_clip_border=st.just(True),
    ),
    'RandomErasing': having(
        n_patches=st.integers(1, 4),
        ratio=st.one_of(st.floats(0, 0.9), st.just((0.1, 0.5))),
        squared=st.booleans(),
        bbox_erased_thr=PROB,
        img_border_value=FILL,
        mask_border_value=st.integers(0, 1),
        seg_ignore_label=BYTE,
    ),
    'RandomFlip': having(prob=PROB, direction=DIRECTION),
    'Resize': having(scale=EDGES, keep_ratio=st.booleans(), clip_object_border=st.booleans()),
    'ResizeShortestEdge': having(
        scale=st.integers(4, 40), max_size=st.one_of(st.none(), st.integers(40, 80))
    ),
    'Rotate': having(**GEOMETRY),
    'Sharpness': having(**COLOR),
    'ShearX': having(**GEOMETRY),
    'ShearY': having(**GEOMETRY),
    'Solarize': having(**COLOR),
    'SolarizeAdd': having(**COLOR),
    'TranslateX': having(**GEOMETRY),
    'TranslateY': having(**GEOMETRY),
    'YOLOXHSVRandomAug': having(
        hue_delta=st.integers(0, 180), saturation_delta=BYTE, value_delta=BYTE
    ),
}
# What changes boxes and neither masks nor maps of classes.
OF_BOXES = {
    'FixScaleResize': having(scale=EDGES, keep_ratio=st.just(True)),  # rounds masks otherwise
    'RandomAffine': having(
        max_rotate_degree=st.floats(0, 90),
        max_translate_ratio=PROB,
        scaling_ratio_range=range_of(0.2, 2),
        max_shear_degree=st.floats(0, 30),
        border=st.tuples(*[st.integers(0, 8)] * 2),
        border_val=st.tuples(BYTE, BYTE, BYTE),
    ),
    'RandomShift': having(
        prob=PROB, max_shift_px=st.integers(1, 19), filter_thr_px=st.integers(0, 5)
    ),
}
SCALE = st.tuples(st.integers(12, 32), st.integers(12, 32))
MIXED = {
    'CachedMixUp': having(img_scale=SCALE, flip_ratio=PROB, pad_val=st.floats(0, 255), prob=PROB),
    'CachedMosaic': having(img_scale=SCALE, pad_val=st.floats(0, 255), prob=PROB),
    'MixUp': having(img_scale=SCALE, flip_ratio=PROB, pad_val=st.floats(0, 255)),
    'Mosaic': having(img_scale=SCALE, pad_val=st.floats(0, 255), prob=PROB),
}
NUMBERS = st.just([100.0, 110.0, 120.0])
CENTER = having(
    crop_size=SCALE,
    ratios=st.just((0.6, 1.0, 1.4)),
    border=st.integers(1, 128),
    mean=NUMBERS,
    std=NUMBERS,
    to_rgb=st.booleans(),
    test_pad_mode=st.none(),
)
CENTER_TEST = having(
    crop_size=st.none(),
    ratios=st.none(),
    border=st.none(),
    mean=NUMBERS,
    std=NUMBERS,
    to_rgb=st.booleans(),
    test_mode=st.just(True),
    test_pad_mode=st.sampled_from([('logical_or', 31), ('size_divisor', 32)]),
    test_pad_add_pix=st.integers(0, 3),
)
ELSEWHERE = {
    'Albu': 'needs a package of its own',
    'BaseFrameSample': 'videos',
    'ColorTransform': 'a base class',
    'CopyPaste': 'below',
    'GTBoxSubOne_GLIP': 'text',
    'GeomTransform': 'a base class',
    'ImageToTensor': 'below',
    'InferencerLoader': 'reads files',
    'InstaBoost': 'needs a package of its own',
    'LoadAnnotations': 'below',
    'LoadEmptyAnnotations': 'below',
    'LoadImageFromNDArray': 'below',
    'LoadMultiChannelImageFromFiles': 'reads files',
    'LoadPanopticAnnotations': 'reads files',
    'LoadProposals': 'below',
    'LoadTextAnnotations': 'text',
    'LoadTrackAnnotations': 'videos',
    'MultiBranch': 'a list of transforms',
    'PackDetInputs': 'below',
    'PackReIDInputs': 'videos',
    'PackTrackInputs': 'videos',
    'ProposalBroadcaster': 'a list of transforms',
    'RandomCenterCropPad': 'below',
    'RandomFlip_GLIP': 'text',
    'RandomOrder': 'a list of transforms',
    'RandomSamplingNegPos': 'text',
    'SegRescale': 'below',
    'ToTensor': 'below',
    'Transpose': 'below',
    'UniformRefFrameSample': 'videos',
}


def fits(results: dict) -> None:
    """Everything is of one size, and of the objects that are left."""
    image, boxes = results['img'], results['gt_bboxes'].tensor
    assert image.ndim == 3 and image.shape[2] == 3 and np.isfinite(image).all()
    assert torch.isfinite(boxes).all()
    assert len(boxes) == len(results['gt_bboxes_labels']) == len(results['gt_ignore_flags'])
    if 'gt_masks' in results:
        assert results['gt_masks'].masks.shape == (len(boxes), *image.shape[:2])
    if 'gt_seg_map' in results:
        assert results['gt_seg_map'].shape == image.shape[:2]


@pytest.mark.parametrize('name', WHOLE)
def test_takes_what_it_says(name):
    init_default_scope('mmdet')  # whose transforms AutoAugment and RandAugment name
    run_all(getattr(theirs, name), WHOLE[name], sample(), fits)


@pytest.mark.parametrize('name', OF_BOXES)
def test_takes_what_it_says_of_boxes(name):
    without = sample(gt_masks=None, gt_seg_map=None)
    run_all(getattr(theirs, name), OF_BOXES[name], without, fits)


@pytest.mark.parametrize('name', MIXED)
def test_images_are_mixed(name):
    without = sample(gt_masks=None, gt_seg_map=None)
    others = [sample(gt_masks=None, gt_seg_map=None) for _ in range(3)]
    given = dict(without, mix_results=others[: 1 if 'MixUp' in name else 3])
    run_all(getattr(theirs, name), MIXED[name], given, fits)


def test_objects_are_pasted():
    arguments = having(
        max_num_pasted=st.integers(1, 9),
        bbox_occluded_thr=st.integers(0, 20),
        mask_occluded_thr=st.integers(0, 300),
        selected=st.booleans(),
    )
    given = sample(gt_seg_map=None, mix_results=[sample(gt_seg_map=None)])
    run_all(theirs.CopyPaste, arguments, given, fits)


@pytest.mark.parametrize('arguments', [CENTER, CENTER_TEST], ids=['training', 'test'])
def test_crops_about_a_center(arguments):
    given = sample(img=picture().astype(np.float32), gt_masks=None, gt_seg_map=None)
    run_all(theirs.RandomCenterCropPad, arguments, given, fits)


def test_labels_alone_change():
    def kept(results):
        assert set(np.unique(results['gt_seg_map'])) <= set(range(5))

    run_all(theirs.SegRescale, having(scale_factor=st.floats(0.2, 3)), sample(), kept)


def test_every_transform_is_tried_or_said_why_not():
    tried = {*WHOLE, *OF_BOXES, *MIXED}
    assert {*tried, *ELSEWHERE} == set(theirs.__all__)


def test_what_is_loaded_is_packed():
    results = theirs.LoadImageFromNDArray()(dict(img=picture()))
    polygon = [[2.0, 3, 12, 3, 12, 15]]
    results['instances'] = [
        dict(bbox=[2, 3, 12, 15], bbox_label=1, mask=polygon, ignore_flag=0),
        dict(bbox=[0, 0, 5, 5], bbox_label=2, mask=polygon, ignore_flag=1),
    ]
    results = theirs.LoadAnnotations(with_bbox=True, with_mask=True)(results)
    fits(results)
    packed = theirs.PackDetInputs(meta_keys=('img_shape',))(dict(results))
    assert packed['inputs'].shape == (3, 24, 20)
    instances = packed['data_samples'].gt_instances
    assert instances.bboxes.shape == (1, 4) and instances.masks.masks.sum() > 0
    with_proposals = theirs.LoadProposals(1)(
        dict(results, proposals=dict(bboxes=np.ones((2, 4), np.float32), scores=np.ones(2)))
    )
    assert with_proposals['proposals'].shape == (1, 4)
    empty = theirs.LoadEmptyAnnotations(with_mask=True, with_seg=True)(dict(results))
    assert len(empty['gt_bboxes']) == 0
    assert theirs.ImageToTensor(['img'])(dict(img=picture()))['img'].shape == (3, 24, 20)
    assert theirs.ToTensor(['img'])(dict(img=picture()))['img'].dtype == torch.uint8
    assert theirs.Transpose(['img'], (2, 0, 1))(dict(img=picture()))['img'].shape == (3, 24, 20)
