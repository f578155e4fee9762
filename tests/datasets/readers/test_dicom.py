"""DICOM: values in their unit, large ones bright, and nothing else of the file."""

import io

import numpy as np
import pytest

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers import ReadOptions, pixels

pydicom = pytest.importorskip('pydicom')
from pydicom.data import get_testdata_file


@pytest.fixture
def scan():
    """A computed tomography that the library ships, 128x128, 16 bits, signed."""
    return pydicom.dcmread(get_testdata_file('CT_small.dcm'))


def x_ray(values: np.ndarray, **tags):
    """The same file as an X-ray: unsigned, of the fewest bits."""
    file = pydicom.dcmread(get_testdata_file('CT_small.dcm'))
    del file.RescaleSlope, file.RescaleIntercept, file.PixelPaddingValue
    file.Rows, file.Columns = values.shape[:2]
    file.BitsStored, file.HighBit, file.PixelRepresentation = 12, 11, 0
    file.PixelData = values.astype(np.uint16).tobytes()
    for name, value in tags.items():
        setattr(file, name, value)
    return file


def read(file, **options) -> np.ndarray:
    data = io.BytesIO()
    file.save_as(data)
    return EncodedImage(data.getvalue(), options=ReadOptions(**options)).decode()[0]


def test_slope_and_intercept_give_hounsfield_units_in_whole_numbers(scan):
    assert (scan.RescaleSlope, scan.RescaleIntercept) == (1, -1024)
    del scan.PixelPaddingValue
    found = read(scan)
    assert found.dtype == np.int16
    stored = np.frombuffer(scan.PixelData, np.int16).reshape(128, 128)
    np.testing.assert_array_equal(found[..., 0], stored - 1024)


def test_a_fraction_gives_floats(scan):
    scan.RescaleSlope, scan.RescaleIntercept = 0.5, 1.25
    del scan.PixelPaddingValue
    found = read(scan)
    assert found.dtype == np.float32
    stored = np.frombuffer(scan.PixelData, np.int16).reshape(128, 128)
    np.testing.assert_array_equal(found[..., 0], np.float32(0.5 * stored + 1.25))


def test_twelve_bits_keep_their_4096_levels():
    values = np.arange(4096).reshape(64, 64)
    found = read(x_ray(values))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found[..., 0], values)


def test_monochrome1_is_turned_so_that_large_is_bright():
    values = np.arange(4096).reshape(64, 64)
    found = read(x_ray(values, PhotometricInterpretation='MONOCHROME1'))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found[..., 0], 4095 - values)


def test_what_pads_a_picture_is_filled_also_where_it_is_turned():
    values = np.full((64, 64), 1000)
    values[:2] = 4095
    for kind, rest in (('MONOCHROME1', 3095), ('MONOCHROME2', 1000)):
        file = x_ray(values, PhotometricInterpretation=kind)
        file.add_new('PixelPaddingValue', 'US', 4095)
        found = read(file)
        assert (found == rest).all(), kind


@pytest.mark.parametrize('kind', ['MONOCHROME1', 'MONOCHROME2'])
def test_a_window_brings_values_to_the_display_on_request(kind):
    values = np.arange(4096).reshape(64, 64)
    file = x_ray(values, PhotometricInterpretation=kind, WindowCenter=1000, WindowWidth=200)
    for window in (True, (1000, 200)):
        found = read(file, window=window)
        assert found.dtype == np.float32 and found.ndim == 3
        ramp = found.ravel() if kind == 'MONOCHROME2' else found.ravel()[::-1]
        assert (np.diff(ramp) >= 0).all()
        inside = (found > found.min()) & (found < found.max())
        assert 195 <= inside.sum() <= 200


def test_a_window_that_is_nowhere_is_asked_for():
    file = x_ray(np.zeros((64, 64)))
    with pytest.raises(UnreadableImageError, match=r'names no window: give window=\(center, width'):
        read(file, window=True)


def test_several_frames_are_refused():
    file = x_ray(np.zeros((64, 64)), NumberOfFrames=5)
    with pytest.raises(UnreadableImageError, match='holds 5 frames: save each'):
        read(file)


def test_color_comes_in_opencvs_order():
    values = np.random.default_rng(0).integers(0, 255, (20, 30, 3))
    file = x_ray(values, SamplesPerPixel=3, PhotometricInterpretation='RGB', PlanarConfiguration=0,
                 BitsAllocated=8, BitsStored=8, HighBit=7)  # fmt: skip
    file.PixelData = values.astype(np.uint8).tobytes()
    np.testing.assert_array_equal(read(file), values[..., ::-1])


def test_a_limit_and_damage_are_told(scan):
    data = open(get_testdata_file('CT_small.dcm'), 'rb').read()
    with pytest.raises(UnreadableImageError, match='DICOM of 128x128 px has more than max_pixels'):
        EncodedImage(data, max_pixels=99)
    with pytest.raises(UnreadableImageError, match='its DICOM cannot be decoded'):
        EncodedImage(data[: len(data) // 2])


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pixels, 'find_spec', lambda package: None)
    with pytest.raises(UnreadableImageError, match='a DICOM, .* missing: pip install pydicom'):
        EncodedImage(bytes(128) + b'DICM')
