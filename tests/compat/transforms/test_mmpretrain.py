"""mmpretrain's transforms take every argument that they say they take, under numpy 2, too."""

import numpy as np
import pytest

pytest.importorskip('mmpretrain')

import mmpretrain.datasets.transforms as theirs
from hypothesis import strategies as st
from PIL import Image

from mmcnx2 import compat
from tests.support.random_arguments import (
    BACKEND,
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

compat.apply()

SAMPLE = dict(img=picture(), img_shape=(24, 20), gt_label=3)


def strength(name: str, values: st.SearchStrategy) -> st.SearchStrategy:
    """Draw what all augmentations take: a strength, or a range of it and a level."""
    pair = st.tuples(values, values)
    return st.one_of(
        st.fixed_dictionaries({name: values}),
        st.fixed_dictionaries(
            dict(
                magnitude_range=pair,
                magnitude_level=st.integers(0, 10),
                magnitude_std=st.sampled_from([0.0, 0.5, 'inf']),
            )
        ),
    )


def augmentation(name: str, values: st.SearchStrategy, **others) -> st.SearchStrategy:
    drawn = st.fixed_dictionaries(dict(prob=PROB, **others))
    return st.tuples(strength(name, values), drawn).map(lambda both: both[0] | both[1])


def having(**arguments) -> st.SearchStrategy:
    return st.fixed_dictionaries(arguments)


EDGE = st.integers(8, 40)  # smaller ones may leave nothing of the other edge
SIGN = dict(random_negative_prob=PROB)
DIRECTION = st.sampled_from(['horizontal', 'vertical'])
JITTER = st.one_of(st.floats(0, 1), range_of(0, 2))
ARGUMENTS = {
    'AutoAugment': having(policies=st.just('imagenet')),
    'AutoContrast': having(prob=PROB),
    'BEiTMaskGenerator': having(
        input_size=st.integers(8, 14), num_masking_patches=st.integers(5, 20)
    ),
    'Brightness': augmentation('magnitude', st.floats(-0.9, 0.9), **SIGN),
    'CenterCrop': having(crop_size=st.one_of(PIXELS, SIZE), auto_pad=st.just(True)),
    'ColorJitter': having(
        brightness=JITTER,
        contrast=JITTER,
        saturation=JITTER,
        hue=st.one_of(st.floats(0, 0.5), range_of(-0.5, 0.5)),
        backend=BACKEND,
    ),
    'ColorTransform': augmentation('magnitude', st.floats(-0.9, 0.9), **SIGN),
    'Contrast': augmentation('magnitude', st.floats(-0.9, 0.9), **SIGN),
    'Cutout': augmentation('shape', st.integers(1, 15), pad_val=FILL),
    'EfficientNetCenterCrop': having(
        crop_size=PIXELS, crop_padding=st.integers(0, 40), backend=BACKEND
    ),
    'EfficientNetRandomCrop': having(
        scale=PIXELS, min_covered=PROB, crop_padding=st.integers(0, 40), backend=BACKEND
    ),
    'Equalize': having(prob=PROB),
    'GaussianBlur': augmentation('radius', st.floats(0, 3)),
    'Invert': having(prob=PROB),
    'Lighting': having(
        eigval=st.just([55.4625, 4.794, 1.1475]),
        eigvec=st.just([[-0.5675, 0.7192, 0.4009], [-0.58, 0.0, -0.81], [-0.58, -0.69, 0.42]]),
        alphastd=st.floats(0, 1),
        to_rgb=st.booleans(),
    ),
    'Normalize': having(
        mean=st.just([123.675, 116.28, 103.53]),
        std=st.just([58.395, 57.12, 57.375]),
        to_rgb=st.booleans(),
    ),
    'Posterize': augmentation('bits', st.integers(0, 8)),
    'RandAugment': having(
        policies=st.just('timm_increasing'),
        num_policies=st.integers(1, 4),
        magnitude_level=st.integers(0, 10),
        magnitude_std=st.sampled_from([0.0, 0.5, 'inf']),
    ),
    'RandomCrop': having(
        crop_size=st.one_of(PIXELS, SIZE),
        padding=st.one_of(st.none(), st.integers(0, 9), st.tuples(*[st.integers(0, 9)] * 4)),
        pad_if_needed=st.booleans(),
        pad_val=FILL,
        padding_mode=st.sampled_from(['constant', 'edge', 'reflect', 'symmetric']),
    ),
    'RandomErasing': having(
        erase_prob=PROB,
        min_area_ratio=st.floats(0, 0.3),
        max_area_ratio=st.floats(0.3, 1),
        mode=st.sampled_from(['const', 'rand']),
        fill_color=st.one_of(BYTE, st.lists(BYTE, min_size=3, max_size=3)),
        fill_std=st.one_of(st.none(), st.integers(0, 60)),
    ),
    'RandomFlip': having(prob=PROB, direction=DIRECTION),
    'RandomGrayscale': having(prob=PROB, keep_channels=st.just(True)),
    'RandomResize': having(
        scale=st.tuples(EDGE, EDGE),
        ratio_range=range_of(0.5, 2),
        keep_ratio=st.booleans(),
        backend=BACKEND,
    ),
    'RandomResizedCrop': having(
        scale=st.one_of(PIXELS, SIZE),
        crop_ratio_range=range_of(0.05, 1),
        aspect_ratio_range=range_of(0.5, 2),
        interpolation=INTERPOLATION,
        backend=BACKEND,
    ),
    'RandomResizedCropAndInterpolationWithTwoPic': having(
        size=st.one_of(PIXELS, SIZE),
        scale=range_of(0.05, 1),
        ratio=range_of(0.5, 2),
        interpolation=st.sampled_from(['random', 'bilinear', 'bicubic']),
    ),
    'RandomTranslatePad': having(size=st.integers(30, 50), aug_translate=st.booleans()),
    'Resize': having(scale=st.tuples(EDGE, EDGE), keep_ratio=st.booleans(), backend=BACKEND),
    'ResizeEdge': having(
        scale=EDGE,
        edge=st.sampled_from(['short', 'long', 'width', 'height']),
        backend=BACKEND,
        interpolation=INTERPOLATION,
    ),
    'Rotate': augmentation(
        'angle',
        st.floats(-180, 180),
        scale=st.floats(0.3, 3),
        pad_val=FILL,
        interpolation=INTERPOLATION,
        **SIGN,
    ),
    'Sharpness': augmentation('magnitude', st.floats(-0.9, 0.9), **SIGN),
    'Shear': augmentation(
        'magnitude',
        st.floats(-0.9, 0.9),
        pad_val=FILL,
        direction=DIRECTION,
        interpolation=INTERPOLATION,
        **SIGN,
    ),
    'SimMIMMaskGenerator': having(mask_ratio=PROB),
    'Solarize': augmentation('thr', st.integers(0, 256)),
    'SolarizeAdd': augmentation('magnitude', st.integers(0, 110), thr=st.integers(0, 256)),
    'Translate': augmentation(
        'magnitude',
        st.floats(-0.9, 0.9),
        pad_val=FILL,
        direction=DIRECTION,
        interpolation=INTERPOLATION,
        **SIGN,
    ),
}
ELSEWHERE = {
    'Albumentations': 'needs a package of its own',
    'ApplyToList': 'a list of transforms',
    'BaseAugTransform': 'a base class',
    'CleanCaption': 'text',
    'Collect': 'picks entries',
    'LoadImageFromFile': 'reads files',
    'MAERandomResizedCrop': "torchvision's, below",
    'MultiView': 'a list of transforms',
    'NumpyToPIL': 'below',
    'PackInputs': 'below',
    'PackMultiTaskInputs': 'packs',
    'PILToNumpy': 'below',
    'Transpose': 'below',
    'get_transform_idx': 'no transform',
    'remove_transform': 'no transform',
}


def is_image(results: dict) -> None:
    image = results['img']
    assert image.ndim == 3 and image.shape[2] == 3 and min(image.shape) > 0
    assert np.isfinite(image).all()


@pytest.mark.parametrize('name', ARGUMENTS)
def test_takes_what_it_says(name):
    run_all(getattr(theirs, name), ARGUMENTS[name], SAMPLE, is_image)


def test_every_transform_is_tried_or_said_why_not():
    assert {*ARGUMENTS, *ELSEWHERE} == set(theirs.__all__)


def test_images_are_packed_from_arrays_and_from_pillow():
    results = theirs.NumpyToPIL()(dict(SAMPLE))
    assert isinstance(results['img'], Image.Image)
    results = theirs.MAERandomResizedCrop(16)(results)
    results = theirs.PILToNumpy()(results)
    assert results['img'].shape == (16, 16, 3)
    packed = theirs.PackInputs()(dict(results, img_shape=(16, 16)))
    assert packed['inputs'].shape == (3, 16, 16) and packed['data_samples'].gt_label.item() == 3
    assert theirs.Transpose(['img'], [2, 0, 1])(dict(results))['img'].shape == (3, 16, 16)
