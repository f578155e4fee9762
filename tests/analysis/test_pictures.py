"""Finding, choosing and reading the pictures that models are looked at with."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmcnx2.analysis.pictures import choose_images, find_images, read_batches, read_square


@pytest.fixture
def root(tmp_path):
    for folder, count in (('ant', 3), ('bee', 3), ('cat/deep', 1)):
        (tmp_path / folder).mkdir(parents=True)
        for i in range(count):
            Image.new('RGB', (40, 30), (200, 100, 10 * i)).save(tmp_path / folder / f'{i}.png')
    (tmp_path / 'ant/notes.txt').write_text('no image')
    return tmp_path


def test_finds_files_and_nested_folders_in_order(root):
    found = find_images([root / 'bee/2.png', root])
    relative = [str(Path(path).relative_to(root)) for path in found]
    assert relative == [
        'bee/2.png', 'ant/0.png', 'ant/1.png', 'ant/2.png', 'bee/0.png', 'bee/1.png', 'bee/2.png',
        'cat/deep/0.png',
    ]  # fmt: skip


def test_what_is_not_there_is_one_sentence(root):
    with pytest.raises(FileNotFoundError, match="nothing' does not exist: give an image file"):
        find_images([root / 'nothing'])
    (root / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='hold no image'):
        find_images([root / 'empty'])
    with pytest.raises(ValueError, match='there are no pictures'):
        find_images([])


def test_takes_turns_among_folders_whatever_their_size(root):
    images = find_images([root])
    for seed in range(4):
        three = choose_images(images, 3, seed=seed)
        assert {Path(path).parent.name for path in three} == {'ant', 'bee', 'deep'}
    assert choose_images(images, 3, seed=1) == choose_images(images[::-1], 3, seed=1)
    assert len({tuple(choose_images(images, 5, seed=seed)) for seed in range(8)}) > 1
    assert sorted(choose_images(images, 100)) == sorted(images)
    with pytest.raises(ValueError, match='0 pictures cannot be chosen'):
        choose_images(images, 0)


def test_reads_the_middle_in_bgr_without_distorting_it(tmp_path):
    picture = np.zeros((60, 120, 3), np.uint8)
    picture[:, :30] = picture[:, 90:] = (255, 0, 0)  # RGB
    picture[:, 30:90] = (0, 0, 255)
    Image.fromarray(picture).save(tmp_path / 'a.png')
    middle = read_square(tmp_path / 'a.png', 60)
    assert middle.dtype == torch.uint8 and middle.shape == (3, 60, 60)
    assert torch.equal(middle[0], torch.full((60, 60), 255, dtype=torch.uint8))  # blue comes first
    assert not middle[1:].any()
    smaller = read_square(tmp_path / 'a.png', 20, shorter_side=30)
    assert smaller.shape == (3, 20, 20) and smaller[0].min() > 250


@pytest.mark.parametrize('side', [(31, 64), (64, 31), (33, 33)])
def test_sizes_that_do_not_divide(side, tmp_path):
    Image.new('RGB', side).save(tmp_path / 'a.png')
    assert read_square(tmp_path / 'a.png', 32, shorter_side=37).shape == (3, 32, 32)


def test_batches_hold_every_picture_once(root):
    batches = list(read_batches(find_images([root]), 32, batch_size=3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert torch.cat(batches)[:, 0, 0, 0].tolist() == [0, 10, 20, 0, 10, 20, 0]


def test_a_file_that_is_no_image_is_named(tmp_path):
    (tmp_path / 'broken.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match="broken.png' cannot be read as an image"):
        read_square(tmp_path / 'broken.png', 32)
