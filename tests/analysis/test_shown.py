"""Three channels of an image as a picture: chosen by number, stretched between percentiles."""

import numpy as np
import pytest

from mmcnx2.analysis.shown import choose_shown


def test_color_of_8_bits_is_drawn_as_it_is():
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    shown = choose_shown('uint8', 3)
    assert np.array_equal(shown.draw(image), image)
    assert shown.draw(image.astype(np.float32) + 300).max() == 255
    assert shown.describe() == 'channels 1, 2, 3 as red, green, blue'
    assert np.array_equal(choose_shown('uint8', 3, show=[3, 2, 1]).draw(image), image[..., ::-1])


@pytest.mark.parametrize('dtype', ['uint16', 'int16', 'float32'])
def test_other_values_go_from_black_to_white_in_each_channel(dtype):
    image = np.stack([np.arange(101) * scale for scale in (1, 10, 100, 3)], -1)[None].astype(dtype)
    shown = choose_shown(dtype, 4, show=[4, 2, 1])
    picture = shown.draw(image)
    assert picture.dtype == np.uint8 and picture.shape == (1, 101, 3)
    assert (picture[0, :3] == 0).all() and (picture[0, -3:] == 255).all()
    assert (picture[0, 50] == 128).all(), 'the middle of what lies between'
    assert shown.describe() == 'channels 4, 2, 1 as red, green, blue, percentiles 2 to 98'


def test_one_picture_is_drawn_as_another():
    image = np.linspace(0, 1000, 300).reshape(10, 10, 3).astype(np.float32)
    shown = choose_shown('float32', 3)
    assert (shown.draw(image + 5000, shown.limits(image)) == 255).all()


def test_one_or_two_channels_are_gray_and_what_is_flat_is_black():
    shown = choose_shown('uint16', 2)
    assert (shown.numbers, shown.describe()) == ((1,), 'channel 1 in gray, percentiles 2 to 98')
    assert not shown.draw(np.full((2, 2, 2), 700, np.uint16)).any()
    few = np.zeros((10, 10, 2), np.uint16)
    few[0, 0] = 9
    assert shown.draw(few).max() == 255, 'a single bright pixel is seen'


def test_numbers_are_those_of_the_file():
    shown = choose_shown('uint16', 3, bands=[8, 4, 2], show=[2, 4, 8])
    assert shown.places == (2, 1, 0)
    with pytest.raises(ValueError, match='sees no channel 1: choose among 8,4,2'):
        choose_shown('uint16', 3, bands=[8, 4, 2], show=[1])
    with pytest.raises(ValueError, match='show=1,2, but three channels'):
        choose_shown('uint16', 4, show=[1, 2])
