"""What is the file's fault costs a sample and is named; what is the pipeline's is raised."""

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmengine.logging import MMLogger
from PIL import TiffImagePlugin

from mmcnx2.datasets import LoadEncodedImage
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.unreadable import UnreadableImages, run_transforms
from tests.support import bombs
from tests.support.pictures import encode, photograph


def reading(pixels):
    return lambda data: dict(data, img=pixels)


def fail(error: Exception):
    def transform(data):
        raise error

    return transform


def test_whatever_the_reader_raises_is_the_files_fault():
    assert run_transforms([fail(KeyError('odd'))], {}) == (None, "KeyError: 'odd'")
    assert run_transforms([lambda data: None], {}) == (None, 'no image in it')


def test_what_a_later_one_raises_is_the_pipelines_but_for_unreadable_images():
    assert run_transforms([dict, fail(UnreadableImageError('cut off.'))], {}) == (None, 'cut off')
    with pytest.raises(KeyError, match='odd'):
        run_transforms([dict, fail(KeyError('odd'))], {})


def test_a_sample_that_a_later_one_drops_is_nobodys_fault():
    assert run_transforms([dict, lambda data: None], {}) == (None, None)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('position', [0, 1], ids=['read', 'decoded later'])
def test_pixels_that_are_no_numbers_are_named_as_such(value, position):
    pixels = np.zeros((4, 5, 3), np.float32)
    pixels[1, 2] = value
    transforms = [dict, dict]
    transforms[position] = reading(pixels)
    data, reason = run_transforms(transforms, {})
    assert data is None and reason == '3 of its 60 pixel values are NaN or infinite'


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_other_pixels_pass(dtype):
    pixels = np.ones((4, 5, 3), dtype)
    assert run_transforms([reading(pixels)], {})[0]['img'] is pixels


def test_numbers_that_the_pipeline_itself_spoils_are_not_blamed_on_the_file():
    good, bad = np.ones((2, 2), np.float32), np.full((2, 2), np.nan, np.float32)
    data, reason = run_transforms([reading(good), reading(bad)], {})
    assert reason is None and data['img'] is bad


def test_nan_in_a_tiff_is_found_through_mmcvs_reader(tmp_path):
    pixels = np.ones((4, 5))
    pixels[0, 0] = np.nan
    (tmp_path / 'a.tif').write_bytes(bombs.float_tiff(pixels))
    read = LoadImageFromFile(color_type='unchanged')
    data, reason = run_transforms([read], dict(img_path=str(tmp_path / 'a.tif')))
    assert data is None and reason == '1 of its 20 pixel values are NaN or infinite'


def test_a_mask_that_cannot_be_decoded_is_named(tmp_path):
    whole = cv2.imencode('.png', np.zeros((40, 40), np.uint8))[1].tobytes()
    mask = tmp_path / 'a.png'
    data = dict(seg_map_path=str(mask))
    mistake = AttributeError("'NoneType' object has no attribute 'squeeze'")
    for content, why in ((whole[:50], '50 bytes that begin'), (None, 'FileNotFoundError')):
        mask.write_bytes(content) if content else mask.unlink()
        assert run_transforms([dict, fail(mistake)], data)[1].startswith(f"mask '{mask}': {why}")
    mask.write_bytes(whole)
    with pytest.raises(AttributeError):
        run_transforms([dict, fail(mistake)], data)


def test_a_geotiffs_unknown_tags_fill_no_log(tmp_path, capfd):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[33550], tags.tagtype[33550] = (1.0, 1.0, 0.0), 12
    (tmp_path / 'a.tif').write_bytes(encode(photograph(20, 20), 'TIFF', tiffinfo=tags))
    data = dict(img_path=str(tmp_path / 'a.tif'))
    LoadImageFromFile()(dict(data))
    assert 'tag 33550' in capfd.readouterr().err, 'OpenCV writes no more of it: drop opencv_log.py'
    for read in (LoadImageFromFile(), LoadEncodedImage()):
        assert run_transforms([read], dict(data))[1] is None
    assert capfd.readouterr().err == ''


def test_names_that_are_no_utf8_are_logged(tmp_path):
    log = tmp_path / 'run.log'
    logger = MMLogger.get_instance('no utf-8', log_file=str(log))
    UnreadableImages(3).add(1, '/data/caf\udce9.jpg', 'empty')
    logger.handlers[-1].close()
    logger.handlers.clear()
    assert r"Cannot read '/data/caf\udce9.jpg' (empty)" in log.read_text()
