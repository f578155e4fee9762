"""What a folder holds: measured, shown, kept, and refused where its files differ."""

import json

import numpy as np
import pytest

from mmcnx2.datasets.readers import ReadOptions
from mmcnx2.datasets.statistics import FILE_NAME, DataStatistics, look_at_folder, measure
from tests.support.pictures import encode, photograph


def fill(folder, count: int = 5, channels: int = 4, dtype='uint16', first: int = 0) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(first)
    values = (rng.random((count, 20, 30, channels)) * 3000).astype(dtype)
    for i, image in enumerate(values):
        np.save(folder / f'{first + i}.npy', image)
    return values.reshape(-1, channels).astype(np.float64)


def test_dtype_channels_and_moments_are_those_of_all_files(tmp_path):
    values = fill(tmp_path / 'a')
    found = look_at_folder(tmp_path / 'a')
    assert (found.dtype, found.channels, found.files, found.measured) == ('uint16', 4, 5, 5)
    np.testing.assert_allclose(found.mean, values.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.std, values.std(0), rtol=1e-12)
    assert found.minimum == tuple(values.min(0)) and found.maximum == tuple(values.max(0))
    assert found.missing == (0, 0, 0, 0) and not found.is_rgb


def test_photographs_are_measured_as_red_green_and_blue(tmp_path):
    images = [photograph(40, 50, seed=i) for i in range(3)]
    for i, image in enumerate(images):
        (tmp_path / f'{i}.png').write_bytes(encode(image, 'PNG'))
    found = look_at_folder(tmp_path)
    values = np.concatenate([np.asarray(image).reshape(-1, 3) for image in images])
    assert found.is_rgb and found.endings == {'.png': 3}
    np.testing.assert_allclose(found.mean, values.mean(0), rtol=1e-12)
    (tmp_path / 'alone').mkdir()
    (tmp_path / 'alone/a.png').write_bytes(encode(images[0], 'PNG'))
    blue = look_at_folder(tmp_path / 'alone', options=ReadOptions(bands=[3]))
    np.testing.assert_allclose(blue.mean, np.asarray(images[0])[..., 2].mean(), rtol=1e-12)
    assert not blue.is_rgb


def test_what_is_missing_does_not_count_and_is_said(tmp_path):
    values = np.ones((2, 4, 4, 2), np.float32) * [3, 5]
    values[0, :2, :, 0] = np.nan
    for i, image in enumerate(values.astype(np.float32)):
        np.save(tmp_path / f'{i}.npy', image)
    found = look_at_folder(tmp_path)
    assert found.mean == (3, 5) and found.missing == (0.25, 0)
    assert found.std == (1, 1)  # of a constant: nothing to divide by
    assert '25.000%' in found.describe()


def test_a_sample_is_the_same_each_time_and_said(tmp_path):
    fill(tmp_path / 'a', 9)
    one, other = (look_at_folder(tmp_path / 'a', sample=4) for _ in range(2))
    assert one == other and (one.measured, one.files) == (4, 9)
    assert '9 files (9 .npy), 4 channels of uint16; measured on 4 files' in one.describe()


def test_files_that_differ_are_an_error_that_names_two(tmp_path):
    fill(tmp_path / 'a', 2)
    fill(tmp_path / 'a', 2, channels=3, dtype='uint8', first=2)
    with pytest.raises(ValueError, match=r"0.npy' has 4 channels of uint16 and '.*2.npy' has 3 "):
        look_at_folder(tmp_path / 'a')


def test_unreadable_files_are_counted_and_none_at_all_is_an_error(tmp_path):
    fill(tmp_path / 'a', 2)
    (tmp_path / 'a/bad.npy').write_bytes(b'nothing')
    found = look_at_folder(tmp_path / 'a')
    assert (found.measured, found.unreadable) == (
        2,
        1,
    ) and '1 of them unreadable' in found.describe()
    with pytest.raises(ValueError, match=r"none of 1 files can be read, such as 'b': .* no whole"):
        measure([('b', b'nothing')])


def test_a_channel_that_is_never_there_is_named(tmp_path):
    np.save(tmp_path / 'a.npy', np.stack([np.ones((9, 9)), np.full((9, 9), np.nan)], -1))
    with pytest.raises(ValueError, match='channel 2 has no value in 1 files'):
        look_at_folder(tmp_path)


@pytest.mark.parametrize('make', [False, True])
def test_no_folder_and_no_image_are_told(tmp_path, make):
    if make:
        (tmp_path / 'a').mkdir()
        (tmp_path / 'a/readme.txt').touch()
    why = 'holds no image; left out: 1 .txt' if make else 'does not exist'
    with pytest.raises(FileNotFoundError, match=f"a' {why}"):
        look_at_folder(tmp_path / 'a')


def test_it_comes_back_from_its_file_and_from_the_folder_of_a_run(tmp_path):
    fill(tmp_path / 'a')
    found = look_at_folder(tmp_path / 'a', options=ReadOptions(bands=(4, 2)))
    found.save(tmp_path / FILE_NAME)
    assert DataStatistics.load(tmp_path) == DataStatistics.load(tmp_path / FILE_NAME) == found
    assert found.bands == (4, 2)


@pytest.mark.parametrize(
    'content', ['', '[]', '{}', 'NaN', '{"mean": [1]}', 'deviation of zero', 'one mean too few']
)
def test_other_files_are_refused(content, tmp_path):
    fill(tmp_path / 'a')
    look_at_folder(tmp_path / 'a').save(tmp_path / FILE_NAME)
    good = json.loads((tmp_path / FILE_NAME).read_text())
    if content == 'deviation of zero':
        content = json.dumps(good | dict(std=[0, 1, 1, 1]))
    if content == 'one mean too few':
        content = json.dumps(good | dict(mean=[1, 1, 1]))
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(ValueError, match=f'is no {FILE_NAME} of a run'):
        DataStatistics.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="normalize='.*nowhere' does not exist: give auto"):
        DataStatistics.load(tmp_path / 'nowhere')
