"""mmcv's photometric functions take every argument that they say they take, under numpy 2, too."""

import subprocess
import sys

import numpy as np
import pytest

mmcv = pytest.importorskip('mmcv')
hypothesis = pytest.importorskip('hypothesis')

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcnx2 import compat

compat.apply()

IMAGE = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
QUICK = settings(deadline=None, max_examples=50, derandomize=True, database=None)
FACTOR = st.floats(0, 3)
# Function of mmcv: what it says its arguments may be. Each gives an image of the same shape.
FUNCTIONS = {
    'adjust_brightness': dict(factor=FACTOR, backend=st.sampled_from([None, 'cv2', 'pillow'])),
    'adjust_color': dict(alpha=FACTOR, beta=FACTOR, gamma=st.floats(-255, 255)),
    'adjust_contrast': dict(factor=FACTOR, backend=st.sampled_from([None, 'cv2', 'pillow'])),
    'adjust_hue': dict(
        hue_factor=st.floats(-0.5, 0.5), backend=st.sampled_from([None, 'cv2', 'pillow'])
    ),
    'adjust_lighting': dict(
        eigval=st.just(np.array([0.2, 0.01, 0.005])),
        eigvec=st.just(np.eye(3)),
        alphastd=st.floats(0, 1),
    ),
    'adjust_sharpness': dict(factor=FACTOR),
    'auto_contrast': dict(cutoff=st.integers(0, 49)),
    'imequalize': dict(),
    'iminvert': dict(),
    'lut_transform': dict(lut_table=st.just(np.arange(255, -1, -1, dtype=np.uint8))),
    'posterize': dict(bits=st.integers(1, 8)),
    'solarize': dict(thr=st.integers(0, 255)),
}


@pytest.mark.parametrize('name', FUNCTIONS)
def test_takes_what_it_says(name):
    @QUICK
    @given(st.fixed_dictionaries(FUNCTIONS[name]))
    def check(options):
        assert getattr(mmcv, name)(IMAGE.copy(), **options).shape == IMAGE.shape

    check()


@pytest.mark.parametrize('tiles', [(1, 1), (3, 2)])
def test_gray_images_are_equalized_in_tiles(tiles):
    assert mmcv.clahe(IMAGE[..., 0], 2.0, tiles).shape == IMAGE.shape[:2]


@pytest.mark.parametrize('factor', [-0.5, -0.1, -0.001, 0, 0.2, 0.5])
def test_hues_turn_by_the_steps_that_numpy_1_took(factor):
    hue, saturation, value = cv2.split(cv2.cvtColor(IMAGE, cv2.COLOR_BGR2HSV_FULL))
    turned = ((hue.astype(int) + int(factor * 255)) % 256).astype(np.uint8)
    expected = cv2.cvtColor(cv2.merge([turned, saturation, value]), cv2.COLOR_HSV2BGR_FULL)
    np.testing.assert_array_equal(mmcv.adjust_hue(IMAGE, factor, backend='cv2'), expected)


@pytest.mark.parametrize('factor', [-0.6, 0.6])
def test_shifts_beyond_half_a_turn_stay_refused(factor):
    with pytest.raises(ValueError, match='is not in'):
        mmcv.adjust_hue(IMAGE, factor)


@pytest.mark.parametrize('order', ['mmcv, mmcnx2', 'mmcnx2, mmcv'])
def test_is_mended_whichever_is_imported_first(order):
    code = (
        f'import {order}, numpy\n'
        'from mmcv import image\n'
        'assert mmcv.adjust_hue is image.adjust_hue is image.photometric.adjust_hue\n'
        'print(mmcv.adjust_hue(numpy.zeros((2, 2, 3), numpy.uint8), -0.1).shape)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == '(2, 2, 3)', done.stderr
