"""Both transforms that read files keep what these hold, all the way to a batch."""

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmpretrain.datasets import PackInputs

from mmcnx2.datasets import DecodeRandomResizedCrop, LoadEncodedImage, LoadImageFromFile
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.resize import resize_bicubic


def save(path, values) -> str:
    np.save(path, values)
    return str(path)


def draw(*shape: int, dtype, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(shape) * 4095).astype(dtype)


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float16', 'float32'])
@pytest.mark.parametrize('channels', [1, 2, 3, 13])
@pytest.mark.parametrize('way', ['whole', 'crop'])
def test_dtype_and_channels_reach_the_batch(dtype, channels, way, tmp_path):
    values = draw(40, 50, channels, dtype=dtype)
    sample = dict(img_path=save(tmp_path / 'a.npy', values))
    if way == 'whole':
        sample = LoadImageFromFile()(sample)
        expected = values[..., ::-1] if channels == 3 else values
        np.testing.assert_array_equal(sample['img'], expected, strict=True)
    else:
        sample = LoadEncodedImage()(sample)
        sample = DecodeRandomResizedCrop(32, flip_prob=0.5)(sample)
    batch = default_collate([PackInputs()(dict(sample)) for _ in range(2)])
    assert batch['inputs'].dtype == getattr(torch, dtype)
    assert batch['inputs'].shape[:2] == (2, channels)


@pytest.mark.parametrize('dtype', ['uint16', 'int16'])
def test_resizing_rounds_and_ends_where_the_dtype_ends(dtype):
    """Bicubic kernels overshoot at edges, where whole numbers would wrap around."""
    limits = np.iinfo(dtype)
    values = np.full((64, 64, 2), limits.min, dtype)
    values[:, 32:] = limits.max
    small = resize_bicubic(values, (24, 24))
    assert small.dtype == dtype and small.shape == (24, 24, 2)
    assert (small[:, :8] == limits.min).all() and (small[:, -8:] == limits.max).all()


def test_resizing_other_dtypes_is_that_of_bytes_but_for_rounding():
    values = draw(60, 80, 3, dtype='uint8')
    found = resize_bicubic(values.astype(np.uint16), (32, 32)).clip(0, 255)
    assert np.abs(found.astype(int) - resize_bicubic(values, (32, 32))).max() <= 6


@pytest.mark.parametrize('load', [LoadImageFromFile, LoadEncodedImage])
def test_bands_and_fill_are_options_of_the_transform(load, tmp_path):
    values = draw(40, 50, 13, dtype='float32')
    values[0, 0] = np.nan
    path = save(tmp_path / 'a.npy', values)
    found = load(bands=(13, 1), fill=(5.0, 6.0))(dict(img_path=path))
    pixels = found['img'] if 'img' in found else found['encoded_img'].decode()[0]
    np.testing.assert_array_equal(pixels[1:], values[1:, :, [12, 0]])
    assert pixels[0, 0].tolist() == [5, 6]


@pytest.mark.parametrize(
    ('options', 'why'),
    [
        (dict(bands=[]), r'bands=\[\], but 1 to 64'),
        (dict(bands=[0, 1]), 'numbers of channels, from 1 on'),
        (dict(window=(1.0, 0.0)), 'width above 0'),
        (dict(window=False), 'window=False, but None, True or'),
        (dict(bands=[1, 2], fill=[1.0]), 'has 1 values, but bands=.* are 2 channels'),
    ],
    ids=str,
)
def test_options_that_cannot_be_are_refused(options, why):
    for load in (LoadImageFromFile, LoadEncodedImage):
        with pytest.raises(ValueError, match=why):
            load(**options)


def test_files_that_differ_are_refused_with_two_of_them(tmp_path):
    load = LoadImageFromFile()
    load(dict(img_path=save(tmp_path / 'a.npy', draw(20, 20, 13, dtype='uint16'))))
    with pytest.raises(UnreadableImageError) as refusal:
        load(dict(img_path=save(tmp_path / 'b.npy', draw(20, 20, 4, dtype='uint8'))))
    said = str(refusal.value)
    assert "a.npy' has 13 channels of uint16 and '" in said and "b.npy' has 4 channels" in said
