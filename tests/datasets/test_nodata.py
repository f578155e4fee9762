"""What a file lacks becomes the channel's mean, is counted, and told without flooding the log."""

import numpy as np
import pytest

from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.nodata import FilledValues, fill, find_missing


@pytest.fixture
def said(monkeypatch) -> list[str]:
    lines = []
    monkeypatch.setattr('mmcnx2.datasets.nodata.print_log', lambda line, **_: lines.append(line))
    return lines


@pytest.mark.parametrize('nodata', [None, -9999, 1e-9, -3.4028234663852886e38])
def test_nan_and_infinity_are_missing_beside_nodata(nodata):
    values = np.ones((2, 3, 1), np.float32)
    values[0, :2, 0] = np.nan, -np.inf
    if nodata is not None:
        values[1, 1] = nodata
    assert find_missing(values, nodata).sum() == (2 if nodata is None else 3)


def test_a_value_that_the_dtype_cannot_hold_is_never_there():
    assert not find_missing(np.zeros((2, 2, 1), np.uint8), -9999).any()


@pytest.mark.parametrize('dtype', [np.uint16, np.int16, np.float16, np.float32])
def test_a_hole_gets_its_channels_mean_in_the_same_dtype(dtype):
    values = np.array([[[0, 10], [4, 0]], [[7, 20], [0, 30]]], dtype)
    absent = values == 0
    found = fill(values, absent, None)
    assert found.dtype == dtype and (found[~absent] == values[~absent]).all()
    whole = np.dtype(dtype).kind != 'f'
    assert found[absent].tolist() == [6 if whole else 5.5, 20, 6 if whole else 5.5]


def test_means_of_three_channels_are_given_in_the_models_order():
    values = np.zeros((1, 1, 3), np.uint16) + 9
    values = np.concatenate([values, values * 0], 1)
    assert fill(values, values == 0, [1, 2, 3])[0, 1].tolist() == [3, 2, 1]
    with pytest.raises(UnreadableImageError, match=r'has 3 channels, but fill=\(1,\) has 1 values'):
        fill(values, values == 0, [1])


def test_an_image_without_a_value_is_unreadable():
    values = np.zeros((2, 2, 2), np.uint16)
    with pytest.raises(UnreadableImageError, match='all of its pixels are nodata'):
        fill(values, values == 0, [1, 2])


def test_images_and_values_are_counted_and_told_at_1_10_100(said):
    counted = FilledValues()
    for _ in range(100):
        counted.add(None, 'whole.tif')
        counted.add(np.array([True, False, True]), 'a.tif')
    assert (counted.images, counted.values) == (100, 200)
    assert len(said) == 3 and said[0].startswith("'a.tif' lacks 2 of 3 values")
    assert 'of the images read so far 100 lacked 200 values' in said[2]
