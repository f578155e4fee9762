"""The size of an image as it is loaded, without loading it."""

import numpy as np
import pytest
import simplejpeg

from mmcnx2.datasets.image_size import read_size
from tests.support import bombs
from tests.support.pictures import encode, photograph


@pytest.mark.parametrize(('orientation', 'size'), [(None, (40, 50)), (3, (40, 50)), (6, (50, 40))])
def test_is_the_upright_images(orientation, size, tmp_path):
    for format in ('JPEG', 'PNG'):
        (tmp_path / 'a').write_bytes(encode(photograph(40, 50), format, orientation=orientation))
        assert read_size(tmp_path / 'a') == size


def test_of_more_pixels_than_pillow_opens(tmp_path):
    blank = np.zeros((14_000, 14_000, 1), np.uint8)
    data = simplejpeg.encode_jpeg(blank, colorspace='GRAY', colorsubsampling='Gray')
    (tmp_path / 'a.jpg').write_bytes(data)
    assert read_size(tmp_path / 'a.jpg') == (14_000, 14_000)


def test_of_more_pixels_than_anything_decodes_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / 'a.jpg').write_bytes(bombs.jpeg(65500, 65500))
    with pytest.raises(OSError, match=r"a.jpg' cannot be read: a JPEG of 65500x65500 px has more"):
        read_size(tmp_path / 'a.jpg')
