"""TIFFs as satellites, microscopes and scanners write them: every band, every bit."""

import io

import numpy as np
import pytest
from PIL import Image

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_header import read_header
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers import ReadOptions, pixels
from tests.support.pictures import encode, photograph

tifffile = pytest.importorskip('tifffile')
GDAL_NODATA = 42113


def tiff(values: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


def draw(*shape: int, dtype='uint16', seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(1000, 300, shape)
    return values.clip(1, 4095 if np.dtype(dtype).itemsize > 1 else 255).astype(dtype)


def read(data: bytes, **options) -> np.ndarray:
    return EncodedImage(data, options=ReadOptions(**options)).decode()[0]


@pytest.mark.parametrize('dtype', ['uint16', 'int16', 'float16', 'float32'])
@pytest.mark.parametrize('channels', [1, 2, 4, 13, 64])
def test_every_dtype_and_band_stays(dtype, channels):
    values = draw(21, 30, channels, dtype=dtype)
    together = dict(planarconfig='contig') if channels > 1 else {}
    data = tiff(values, photometric='minisblack', **together)
    np.testing.assert_array_equal(read(data), values, strict=True)


@pytest.mark.parametrize(
    ('values', 'options'),
    [
        (draw(13, 21, 30), dict(photometric='minisblack', planarconfig='separate')),
        (draw(13, 21, 30), dict(photometric='minisblack')),
        (draw(13, 21, 30), dict(ome=True, metadata=dict(axes='CYX'))),
        (draw(13, 21, 30), dict(photometric='minisblack', compression='lzw', predictor=True)),
        (draw(13, 21, 30), dict(photometric='minisblack', compression='zstd', tile=(16, 16))),
        (draw(13, 21, 30), dict(photometric='minisblack', byteorder='>', bigtiff=True)),
    ],
    ids=['planes', 'pages', 'OME', 'LZW', 'tiles of zstd', 'big-endian BigTIFF'],
)
def test_bands_come_last_however_they_are_stored(values, options):
    np.testing.assert_array_equal(read(tiff(values, **options)), values.transpose(1, 2, 0))


def test_a_geotiff_of_gdals_is_read_with_its_nodata(tmp_path):
    rasterio = pytest.importorskip('rasterio')
    values = draw(13, 40, 50)
    values[:, :4] = 0
    with rasterio.open(
        tmp_path / 'a.tif', 'w', driver='GTiff', width=50, height=40, count=13, dtype='uint16',
        nodata=0, crs='EPSG:32633', transform=rasterio.transform.from_origin(0, 0, 10, 10),
        compress='deflate', predictor=2, tiled=True, blockxsize=16, blockysize=16,
    ) as file:  # fmt: skip
        file.write(values)
        file.build_overviews([2])
    image = EncodedImage((tmp_path / 'a.tif').read_bytes())
    assert image.missing.sum() == 13 * 4 * 50 == (values == 0).sum()
    expected = values.transpose(1, 2, 0)
    np.testing.assert_array_equal(image.decode()[0][4:], expected[4:])


def test_twelve_bits_keep_their_4096_levels():
    values = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    assert len(np.unique(read(tiff(values)))) == 4096


def test_three_bands_come_in_opencvs_order_and_transparency_is_no_band():
    values = draw(20, 30, 4)
    data = tiff(values, photometric='rgb', extrasamples=['unassalpha'])
    np.testing.assert_array_equal(read(data), values[..., 2::-1])


def test_a_fourth_band_that_is_no_transparency_stays():
    values = draw(20, 30, 4, dtype='uint8')
    data = tiff(values, photometric='rgb', extrasamples=['unspecified'])
    np.testing.assert_array_equal(read(data), values)


@pytest.mark.parametrize('mode', ['RGB', 'L', 'P', '1', 'RGBA', 'CMYK'])
def test_pictures_of_eight_bits_need_no_package(mode, monkeypatch):
    monkeypatch.setattr(pixels, 'find_spec', lambda package: None)
    data = encode(photograph(40, 50), 'TIFF', mode=mode)
    assert read_header(data).color
    assert read(data).shape == (40, 50, 3) and read(data).dtype == np.uint8


def test_others_without_the_package_say_what_to_install(monkeypatch):
    monkeypatch.setattr(pixels, 'find_spec', lambda package: None)
    with pytest.raises(UnreadableImageError, match='missing: pip install tifffile imagecodecs'):
        read(tiff(draw(20, 30)))


def test_bands_are_chosen_by_number_in_the_order_that_is_asked_for():
    values = draw(20, 30, 13)
    data = tiff(values, photometric='minisblack', planarconfig='contig')
    np.testing.assert_array_equal(read(data, bands=(13, 1)), values[..., [12, 0]])
    np.testing.assert_array_equal(read(data, bands=(4, 3, 2, 8)), values[..., [3, 2, 1, 7]])
    # Three are in OpenCV's order until the data preprocessor turns them.
    np.testing.assert_array_equal(read(data, bands=(4, 3, 2)), values[..., [1, 2, 3]])
    with pytest.raises(UnreadableImageError, match=r'13 channels, but bands=\(14,\) asks for num'):
        read(data, bands=(14,))


def test_bands_of_a_photograph_are_red_green_and_blue():
    image = photograph(40, 50)
    for format in ('JPEG', 'PNG'):
        data = encode(image, format)
        red, green, _ = np.moveaxis(np.asarray(Image.open(io.BytesIO(data))), -1, 0)
        np.testing.assert_array_equal(read(data, bands=[1, 2]), np.stack([red, green], -1), format)


def test_nodata_of_the_file_and_nan_are_filled_with_the_means_of_the_rest():
    values = np.full((8, 8, 2), 100, np.int16)
    values[..., 1] = 7
    values[0, 0] = -9999
    tags = [(GDAL_NODATA, 's', 0, '-9999', True)]
    data = tiff(values, planarconfig='contig', photometric='minisblack', extratags=tags)
    assert read(data)[0, 0].tolist() == [100, 7]
    assert read(data, fill=[3.6, 4])[0, 0].tolist() == [4, 4]
    floats = values.astype(np.float32)
    floats[0, 0] = np.nan
    floats[1, 1] = np.inf
    image = EncodedImage(tiff(floats, planarconfig='contig', photometric='minisblack'))
    assert image.missing.sum() == 4 and image.decode()[0][0, 0].tolist() == [100, 7]


def test_gray_that_counts_down_from_white_is_turned():
    values = draw(20, 30)
    np.testing.assert_array_equal(
        read(tiff(values, photometric='miniswhite'))[..., 0], 65535 - values
    )


def test_several_pictures_in_a_file_are_not_reduced_to_one_in_silence():
    pages = tiff(draw(5, 3, 20, 30), ome=True, metadata=dict(axes='ZCYX'))
    with pytest.raises(UnreadableImageError, match='several images .axes Z 5, C 3, Y 20, X 30.'):
        read(pages)
    scans = io.BytesIO()
    page = photograph(40, 50)
    page.save(scans, 'TIFF', save_all=True, append_images=[page])
    with pytest.raises(UnreadableImageError, match='several images'):
        read(scans.getvalue())


def test_overviews_are_no_pictures_of_their_own():
    file = io.BytesIO()
    values = draw(64, 64, 3, dtype='uint8')
    with tifffile.TiffWriter(file) as writer:
        writer.write(values, photometric='rgb', subifds=0)
        writer.write(values[::2, ::2], photometric='rgb', subfiletype=1)
    assert read_header(file.getvalue()).color
    np.testing.assert_array_equal(read(file.getvalue()), values[..., ::-1])


@pytest.mark.parametrize('dtype', ['uint32', 'int32', 'complex64'])
def test_other_dtypes_are_refused_with_those_that_are_read(dtype):
    with pytest.raises(UnreadableImageError, match=f'pixels are {dtype}, but uint8, uint16, int16'):
        read(tiff(np.zeros((20, 30), dtype)))


def test_memory_is_counted_by_bytes_not_pixels():
    data = tiff(np.zeros((100, 100, 13), np.uint16), compression='zlib', planarconfig='contig',
                photometric='minisblack')  # fmt: skip
    assert EncodedImage(data, max_pixels=100 * 100 * 26 // 3 + 1).shape == (100, 100)
    with pytest.raises(UnreadableImageError, match='more than max_pixels=50000'):
        EncodedImage(data, max_pixels=50_000)


def test_a_damaged_one_is_unreadable():
    data = tiff(draw(200, 300), compression='zlib')
    with pytest.raises(UnreadableImageError, match='its TIFF cannot be decoded'):
        read(data[: len(data) // 2])
