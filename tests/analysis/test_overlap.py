"""Two pictures agree where they overlap: shifted, scaled, mirrored, compressed, but no others."""

import numpy as np
import pytest
from PIL import Image

from mmcnx2.analysis.overlap import overlap, to_gray
from tests.support.pictures import photograph

SIZE = 200


def gray(picture: Image.Image) -> np.ndarray:
    return to_gray(np.asarray(picture))


@pytest.fixture(scope='module')
def picture() -> Image.Image:
    return photograph(SIZE, SIZE, seed=1)


@pytest.mark.parametrize('corner', [(0, 0), (10, 0), (5, 5), (10, 10)])
@pytest.mark.parametrize('turned', [False, True], ids=['crop of it', 'it of a crop'])
def test_a_cut_off_border_changes_little(corner, turned, picture):
    left, top = corner
    pair = [gray(picture), gray(picture.crop((left, top, left + 190, top + 190)))]
    similarity, mirrored = overlap(*(pair[::-1] if turned else pair))
    assert similarity > 0.9 and not mirrored


def test_a_mirror_is_seen_through(picture):
    similarity, mirrored = overlap(
        gray(picture), gray(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    )
    assert similarity > 0.99 and mirrored


def test_a_copy_agrees_wholly(picture):
    assert overlap(gray(picture), gray(picture)) == (pytest.approx(1.0, abs=1e-4), False)


def test_other_pictures_do_not_agree(picture):
    for seed in range(2, 12):
        assert overlap(gray(picture), gray(photograph(SIZE, SIZE, seed=seed)))[0] < 0.75


def test_without_contrast_nothing_is_alike(picture):
    flat = gray(Image.new('RGB', (SIZE, SIZE), (7, 7, 7)))
    assert overlap(flat, flat)[0] == overlap(gray(picture), flat)[0] == -1
