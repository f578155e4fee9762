"""Tar files that others made are indexed as they are, and then read as our own."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from mmcnx2.datasets.shards import ImageShards
from mmcnx2.datasets.shards.indexing import index_tars
from mmcnx2.datasets.shards.stream import read_index
from mmcnx2.datasets.shards.verify import verify
from tests.support.pictures import encode, photograph
from tests.support.shards import make_shards


def picture(seed: int = 0) -> bytes:
    return encode(photograph(24, 32, seed=seed), 'JPEG')


def write_tar(path: Path, **files: bytes) -> None:
    """Write a tar file of files by name."""
    with tarfile.open(path, 'w') as file:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))


@pytest.fixture
def downloaded(tmp_path) -> Path:
    """What img2dataset leaves: two shards of five and of three images, and tables beside them."""
    root = tmp_path / 'laion'
    root.mkdir()
    for shard, count in enumerate((5, 3)):
        files = {}
        for i in range(count):
            key = f'{shard:05d}{i:04d}'
            about = dict(url=f'https://host/{key}', caption='a cat', key=key, status='success')
            files |= {
                f'{key}.jpg': picture(10 * shard + i),
                f'{key}.txt': b'a cat',
                f'{key}.json': json.dumps(about).encode(),
            }
        write_tar(root / f'{shard:05d}.tar', **files)
        (root / f'{shard:05d}_stats.json').write_text('{"successes": 4}')
        (root / f'{shard:05d}.parquet').write_bytes(b'PAR1')
    return root


def read(root: Path) -> list[dict]:
    dataset = ImageShards(root, [dict(type='mmcnx2.LoadEncodedImage')])
    dataset.start_epoch(0, seed=0, batch_size=2, drop_last=False)
    return list(dataset)


def test_img2datasets_files_are_read_as_they_are(downloaded):
    before = {path: path.read_bytes() for path in downloaded.iterdir()}
    index, left_out = index_tars(downloaded, progress=False)
    assert [(shard.name, shard.images) for shard in index.shards] == [
        ('00000.tar', 5),
        ('00001.tar', 3),
    ]
    assert (str(left_out), verify(downloaded, progress=False)) == ('', [])
    after = {path: path.read_bytes() for path in downloaded.iterdir()}
    assert after.pop(downloaded / 'index.json') and after == before
    samples = read(downloaded)
    assert sorted(sample['sample_idx'] for sample in samples) == list(range(8))
    assert {sample['ori_shape'] for sample in samples} == {(24, 32)}
    assert f'{downloaded}/00001.tar/000010002.jpg' in {sample['img_path'] for sample in samples}


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(downloaded):
    one, _ = index_tars(downloaded, progress=False)
    (downloaded / 'index.json').unlink()
    two, _ = index_tars(downloaded, workers=2, progress=False)
    assert one == two


def test_what_is_no_image_is_counted_and_passed_over(tmp_path):
    write_tar(
        tmp_path / 'a.tar',
        **{
            'readme.txt': b'hello',
            '0.left.jpg': picture(0), '0.right.jpg': picture(1), '0.cls': b'cat',
            '1.txt': b'lost', '1.json': b'no JSON',
            'deep/2.PNG': picture(2), 'deep/2.json': b'[]',
        },
    )  # fmt: skip
    write_tar(tmp_path / 'b.tar', **{'3.txt': b'only words'})
    index, left_out = index_tars(tmp_path, progress=False)
    assert [(shard.name, shard.images) for shard in index.shards] == [('a.tar', 2)]
    assert str(left_out) == (
        '3 samples without an image (txt, json); 1 further images of samples that hold several; '
        '1 tar files without an image (b.tar)'
    )
    samples = read(tmp_path)
    assert sorted(Path(sample['img_path']).name for sample in samples) == ['0.left.jpg', '2.png']
    assert not any('gt_label' in sample for sample in samples)


def test_a_damaged_image_is_replaced_when_it_is_met(downloaded):
    write_tar(downloaded / '00002.tar', **{'a.jpg': b'no image', 'b.jpg': picture()})
    index_tars(downloaded, progress=False)
    dataset = ImageShards(downloaded, [dict(type='mmcnx2.LoadEncodedImage')])
    dataset.start_epoch(0, seed=0, batch_size=2, drop_last=False)
    assert len(list(dataset)) == 10 and dataset.unreadable == [8]


def test_a_tilde_is_the_home_folder(downloaded, monkeypatch):
    monkeypatch.setenv('HOME', str(downloaded.parent))
    index, _ = index_tars('~/laion', progress=False)
    assert verify('~/laion', progress=False) == [] and len(ImageShards('~/laion')) == index.images


def test_more_shards_are_found_by_another_look(downloaded):
    index_tars(downloaded, progress=False)
    write_tar(downloaded / '00002.tar', **{'a.jpg': picture()})
    index_tars(downloaded, progress=False)
    assert read_index(str(downloaded)).images == 9
    assert (downloaded / 'index.old-1.json').is_file()


@pytest.mark.parametrize('cut', [100, 3000])
def test_tars_that_end_early_are_named_together(downloaded, cut):
    for name in ('00000.tar', '00001.tar'):
        (downloaded / name).write_bytes((downloaded / name).read_bytes()[:cut])
    with pytest.raises(ValueError, match=r'2 of 2 tar files.*00000\.tar: .*00001\.tar: .*again'):
        index_tars(downloaded, progress=False)
    assert not (downloaded / 'index.json').exists()


def test_a_tar_without_the_mark_of_an_end_is_read_and_named(tmp_path):
    write_tar(tmp_path / 'a.tar', **{'0.jpg': picture(0), '1.jpg': picture(1)})
    whole = (tmp_path / 'a.tar').read_bytes()
    with tarfile.open(tmp_path / 'a.tar') as file:
        second = file.getmembers()[1]
    (tmp_path / 'a.tar').write_bytes(whole[: second.offset])
    index, left_out = index_tars(tmp_path, progress=False)
    assert index.images == 1 and str(left_out).endswith('they may be cut off (a.tar)')


def test_two_files_of_one_name_are_told(tmp_path):
    with tarfile.open(tmp_path / 'a.tar', 'w') as file:
        for name in ('0.jpg', '0.JPG'):
            file.addfile(tarfile.TarInfo(name))
    with pytest.raises(ValueError, match=r'a\.tar: 0\.JPG: duplicate file name'):
        index_tars(tmp_path, progress=False)


def test_names_that_no_index_may_hold_are_refused(tmp_path):
    write_tar(tmp_path / 'my photos.tar', **{'0.jpg': picture()})
    with pytest.raises(ValueError, match=r'1 tar files in .* \(my photos\.tar\): rename them'):
        index_tars(tmp_path, progress=False)


def test_a_folder_without_tars_or_images_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no file that ends in \.tar: .*gunzip'):
        index_tars(tmp_path, progress=False)
    write_tar(tmp_path / 'a.tar', **{'0.txt': b'word'})
    with pytest.raises(ValueError, match='none of the 1 tar files'):
        index_tars(tmp_path, progress=False)


def test_packed_shards_have_an_index(tmp_path):
    shards = make_shards(tmp_path, 3)
    with pytest.raises(FileExistsError, match='the index that packing made: .*--verify'):
        index_tars(shards, progress=False)


def test_without_an_index_the_command_is_told(downloaded):
    command = f"index the 2 tar files there with .* --index '{downloaded}'"
    with pytest.raises(FileNotFoundError, match=command):
        ImageShards(downloaded)
