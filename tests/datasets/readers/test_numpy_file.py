"""Arrays of NumPy's own files as images."""

import io
import pickle

import numpy as np
import pytest

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers import ReadOptions


def npy(values) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def npz(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def read(data: bytes, **options) -> np.ndarray:
    return EncodedImage(data, options=ReadOptions(**options)).decode()[0]


def draw(*shape: int, dtype='float32') -> np.ndarray:
    return (np.random.default_rng(0).random(shape) * 255).astype(dtype)


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float16', 'float32', '>u2'])
def test_channels_first_or_last_and_in_either_order_of_memory(dtype):
    values = draw(20, 30, 5, dtype=dtype)
    expected = values.astype(values.dtype.newbyteorder('='))
    for stored in (values, values.transpose(2, 0, 1), np.asfortranarray(values)):
        np.testing.assert_array_equal(read(npy(stored)), expected, strict=True)
    np.testing.assert_array_equal(read(npy(values[..., 0])), expected[..., :1])


def test_float64_becomes_float32_in_which_all_is_computed():
    values = draw(20, 30, 5, dtype='float64')
    np.testing.assert_array_equal(read(npy(values)), values.astype(np.float32), strict=True)


def test_the_array_of_an_archive_is_chosen_by_its_name():
    image, other = draw(20, 30, 5), draw(10, 10)
    np.testing.assert_array_equal(read(npz(image=image)), image)
    np.testing.assert_array_equal(read(npz(image=image, other=other), key='image'), image)
    with pytest.raises(UnreadableImageError, match='several arrays: set key .* .image, other.'):
        read(npz(image=image, other=other))
    with pytest.raises(UnreadableImageError, match="no array 'mask': set key to"):
        read(npz(image=image), key='mask')


@pytest.mark.parametrize(
    ('values', 'why'),
    [
        (np.zeros((4, 5, 6, 7)), r'shape \(4, 5, 6, 7\)'),
        (np.zeros(9), r'shape \(9,\)'),
        (np.zeros((0, 5)), r'shape \(0, 5\)'),
        (np.zeros((90, 90, 90)), '90 channels, but 1 to 64'),
        (np.zeros((4, 5), bool), 'it holds bool'),
        (np.zeros((4, 5), np.int64), 'pixels are int64'),
        (np.full((4, 5), np.nan), 'all of its pixels are nodata, NaN'),
    ],
    ids=str,
)
def test_what_is_no_image_is_refused(values, why):
    with pytest.raises(UnreadableImageError, match=why):
        read(npy(values))


def test_pickles_in_it_are_never_loaded():
    class Bomb:
        def __reduce__(self):
            return pytest.fail, ('it ran',)

    file = io.BytesIO()
    header = dict(descr='|O', fortran_order=False, shape=(1, 1))
    np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(UnreadableImageError, match='holds object'):
        read(file.getvalue() + pickle.dumps(Bomb()))


def test_a_header_that_asks_for_gigabytes_takes_none():
    file = io.BytesIO()
    header = dict(descr='<f4', fortran_order=False, shape=(10**6, 10**6))
    np.lib.format.write_array_header_1_0(file, header)
    for data in (file.getvalue(), file.getvalue().replace(b'000000', b'      ')):
        with pytest.raises(UnreadableImageError, match='more than max_pixels|cut off|header|shape'):
            read(data)
    with pytest.raises(UnreadableImageError, match='its header is no array'):
        read(b'\x93NUMPY')


def test_an_archive_of_something_else_is_refused():
    with pytest.raises(UnreadableImageError, match='its archive cannot be read'):
        read(b'PK\x03\x04' + bytes(40))
