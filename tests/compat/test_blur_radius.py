"""mmpretrain blurs by a radius that it draws, whichever way it draws."""

import copy

import numpy as np
import pytest

pytest.importorskip('mmpretrain')

from mmcv.transforms.utils import cache_random_params
from mmpretrain.datasets.transforms import GaussianBlur

from mmcnx2 import compat
from tests.support.random_arguments import picture

compat.apply()


@pytest.mark.parametrize('std', [0.0, 0.5, 'inf'])
def test_a_drawn_radius_blurs(std):
    blur = GaussianBlur(magnitude_range=(1, 3), magnitude_level=5, magnitude_std=std, prob=1.0)
    np.random.seed(0)
    assert blur(dict(img=picture()))['img'].std() < picture().std() / 2


def test_images_that_share_a_draw_are_blurred_alike():
    blur = GaussianBlur(magnitude_range=(0, 9), magnitude_level=5, magnitude_std=4.0, prob=1.0)
    with cache_random_params(blur):
        first, second = (blur(dict(img=copy.copy(picture())))['img'] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (blur(dict(img=picture()))['img'] != first).any()
