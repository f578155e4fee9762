"""mmseg's transforms take every argument that they say they take, under numpy 2, too."""

import numpy as np
import pytest

pytest.importorskip('mmseg')

import mmseg.datasets.transforms as theirs
from hypothesis import strategies as st

from tests.support.random_arguments import BYTE, PIXELS, PROB, SIZE, picture, range_of, run_all

LABELS = picture()[..., 0] % 5
SAMPLE = dict(
    img=picture(),
    img_shape=(24, 20),
    ori_shape=(24, 20),
    gt_seg_map=LABELS,
    seg_fields=['gt_seg_map'],
    img_path='a.jpg',
)
VOLUME = dict(
    img=np.random.default_rng(0).normal(size=(2, 9, 12, 10)).astype(np.float32),
    gt_seg_map=np.random.default_rng(1).integers(0, 3, (9, 12, 10)),
    img_path='a.nii.gz',
)


def having(**arguments) -> st.SearchStrategy:
    return st.fixed_dictionaries(arguments)


DEGREE = st.one_of(st.floats(1, 180), range_of(-180, 180))
ARGUMENTS = {
    'AdjustGamma': having(gamma=st.floats(0.05, 10)),
    'CLAHE': having(
        clip_limit=st.floats(0.1, 100), tile_grid_size=st.tuples(*[st.integers(1, 9)] * 2)
    ),
    'GenerateEdge': having(edge_width=st.integers(1, 9), ignore_index=BYTE),
    'PhotoMetricDistortion': having(
        brightness_delta=BYTE,
        contrast_range=range_of(0, 3),
        saturation_range=range_of(0, 3),
        hue_delta=st.integers(1, 180),
    ),
    'RGB2Gray': having(out_channels=st.just(3)),
    'RandomCrop': having(crop_size=st.one_of(PIXELS, SIZE), cat_max_ratio=PROB, ignore_index=BYTE),
    'RandomCutOut': having(
        prob=PROB,
        n_holes=st.one_of(st.integers(0, 4), st.just((1, 4))),
        cutout_shape=st.one_of(SIZE, st.lists(SIZE, min_size=1, max_size=3)),
        fill_in=st.tuples(BYTE, BYTE, BYTE),
        seg_fill_in=st.one_of(st.none(), BYTE),
    ),
    'RandomFlip': having(prob=PROB, direction=st.sampled_from(['horizontal', 'vertical'])),
    'RandomRotFlip': having(rotate_prob=PROB, flip_prob=PROB, degree=DEGREE),
    'RandomRotate': having(
        prob=PROB, degree=DEGREE, pad_val=BYTE, seg_pad_val=BYTE, auto_bound=st.booleans()
    ),
    'Rerange': having(min_value=st.integers(-255, 0), max_value=st.integers(1, 255)),
    'Resize': having(scale=st.tuples(*[st.integers(8, 40)] * 2), keep_ratio=st.booleans()),
    'ResizeShortestEdge': having(scale=st.integers(4, 40), max_size=st.integers(40, 80)),
    'ResizeToMultiple': having(size_divisor=st.integers(1, 40)),
}
MIXED = {
    'RandomMosaic': having(
        prob=PROB,
        img_scale=st.tuples(st.integers(8, 32), st.integers(8, 32)),
        pad_val=BYTE,
        seg_pad_val=BYTE,
    )
}
OF_LABELS = {'SegRescale': having(scale_factor=st.floats(0.2, 3))}
OF_DEPTH = {'RandomDepthMix': having(prob=PROB, mix_scale_ratio=PROB)}
OF_VOLUMES = {
    'BioMedical3DPad': having(pad_shape=st.tuples(*[st.integers(1, 16)] * 3)),
    'BioMedical3DRandomCrop': having(
        crop_shape=st.tuples(*[st.integers(1, 9)] * 3), keep_foreground=st.booleans()
    ),
    'BioMedical3DRandomFlip': having(
        prob=PROB,
        axes=st.lists(st.integers(0, 2), min_size=1, unique=True).map(tuple),
        swap_label_pairs=st.one_of(st.none(), st.just([(1, 2)])),
    ),
    'BioMedicalGaussianBlur': having(
        sigma_range=range_of(0.1, 3),
        prob=PROB,
        prob_per_channel=PROB,
        different_sigma_per_channel=st.booleans(),
        different_sigma_per_axis=st.booleans(),
    ),
    'BioMedicalGaussianNoise': having(prob=PROB, mean=st.floats(-1, 1), std=st.floats(0, 2)),
    'BioMedicalRandomGamma': having(
        prob=PROB,
        gamma_range=range_of(0.2, 3),
        invert_image=st.booleans(),
        per_channel=st.just(False),  # else a NameError of its own, under any numpy
        retain_stats=st.booleans(),
    ),
}
ELSEWHERE = {
    'Albu': 'needs a package of its own',
    'ConcatCDInput': 'below',
    'LoadAnnotations': 'reads files',
    'LoadBiomedicalAnnotation': 'reads files',
    'LoadBiomedicalData': 'reads files',
    'LoadBiomedicalImageFromFile': 'reads files',
    'LoadDepthAnnotation': 'reads files',
    'LoadImageFromNDArray': 'below',
    'LoadMultipleRSImageFromFile': 'reads files',
    'LoadSingleRSImageFromFile': 'reads files',
    'PackSegInputs': 'below',
}


def fits(results: dict) -> None:
    image, labels = results['img'], results['gt_seg_map']
    assert image.shape == (*labels.shape, 3) and min(image.shape) > 0
    assert np.isfinite(image).all() and labels.dtype == np.uint8


@pytest.mark.parametrize('name', ARGUMENTS)
def test_takes_what_it_says(name):
    run_all(getattr(theirs, name), ARGUMENTS[name], SAMPLE, fits)


@pytest.mark.parametrize('name', MIXED)
def test_images_are_mixed(name):
    sample = dict(SAMPLE, mix_results=[dict(SAMPLE)] * 3)
    run_all(getattr(theirs, name), MIXED[name], sample, fits)


@pytest.mark.parametrize('name', OF_LABELS)
def test_labels_alone_change(name):
    def kept(results):
        assert set(np.unique(results['gt_seg_map'])) <= set(range(5))

    run_all(getattr(theirs, name), OF_LABELS[name], SAMPLE, kept)


@pytest.mark.parametrize('name', OF_DEPTH)
def test_depth_is_mixed_in(name):
    sample = dict(SAMPLE, gt_depth_map=LABELS.astype(np.float32), depth_rescale_factor=1000)
    run_all(getattr(theirs, name), OF_DEPTH[name], sample, fits)


@pytest.mark.parametrize('name', OF_VOLUMES)
def test_volumes(name):
    def fits(results):
        assert results['img'].ndim == 4 and np.isfinite(results['img']).all()

    run_all(getattr(theirs, name), OF_VOLUMES[name], VOLUME, fits, examples=15)


def test_every_transform_is_tried_or_said_why_not():
    tried = {*ARGUMENTS, *MIXED, *OF_LABELS, *OF_DEPTH, *OF_VOLUMES}
    assert {*tried, *ELSEWHERE} == set(theirs.__all__)


def test_arrays_are_packed():
    results = theirs.LoadImageFromNDArray()(dict(img=picture()))
    pair = theirs.ConcatCDInput()(dict(results, img2=picture()))
    packed = theirs.PackSegInputs()(dict(SAMPLE, **pair))
    assert packed['inputs'].shape == (6, 24, 20)
    assert packed['data_samples'].gt_sem_seg.data.shape == (1, 24, 20)
