"""Shards are read in part, from disk or over http, again when they break, and never unpacked."""

import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

from mmcnx2.datasets.shards import ImageShards, stream
from mmcnx2.datasets.shards.stream import read_index, read_shard
from tests.support.file_server import served
from tests.support.shards import make_shards


@pytest.fixture(scope='module')
def shards(tmp_path_factory) -> Path:
    return make_shards(tmp_path_factory.mktemp('set'), 7)


@pytest.fixture
def address(shards):
    """An http server on this machine that serves the shards."""

    with served(shards) as url:
        yield url


def keys(location, start: int, stop: int) -> list[str]:
    return [sample['__key__'] for sample in read_shard(str(location), start=start, stop=stop)]


def tar(path: Path, *members: tarfile.TarInfo, data: bytes = b'data') -> Path:
    with tarfile.open(path, 'w') as file:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            file.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, linkname: str = '') -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, linkname
    return info


@pytest.mark.parametrize(('start', 'stop'), [(0, 5), (2, 4), (4, 5), (3, 3)])
def test_reads_part_of_a_shard(shards, start, stop):
    names = [f'{i:09d}' for i in range(start, stop)]
    assert keys(shards / 'images-000000.tar', start, stop) == names


def test_gives_the_bytes_that_were_packed(shards):
    packed = {}
    for name in ('images-000000.tar', 'images-000001.tar'):
        with tarfile.open(shards / name) as file:
            for info in file:
                packed[info.name] = file.extractfile(info).read()
    for shard, images in (('images-000000.tar', 5), ('images-000001.tar', 2)):
        for sample in read_shard(str(shards / shard), start=0, stop=images):
            assert sample['jpg'] == packed[f'{sample["__key__"]}.jpg'], sample['__key__']


def test_reads_over_http(address):
    assert read_index(address).images == 7
    assert keys(f'{address}/images-000001.tar', 0, 2) == ['000000005', '000000006']
    assert keys(f'{address}/images-000000.tar', 1, 3) == ['000000001', '000000002']


def test_trains_over_http(address):
    dataset = ImageShards(address, [dict(type='mmcnx2.LoadEncodedImage')])
    dataset.start_epoch(0, seed=0, batch_size=2, drop_last=False)
    samples = list(dataset)
    assert sorted(sample['sample_idx'] for sample in samples) == list(range(7))
    assert all(sample['ori_shape'] == (24, 24) for sample in samples)


def test_an_address_without_shards_is_an_error(address):
    with pytest.raises(FileNotFoundError, match=f"'{address}/other/index.json' cannot be read"):
        read_index(f'{address}/other')


def test_a_folder_without_shards_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"'{tmp_path}/index.json' cannot be read.*make_sh"):
        read_index(str(tmp_path))


@pytest.mark.parametrize(
    'bad',
    [
        member('../escaped.jpg'),
        member('/tmp/escaped.jpg'),
        member('a/link.jpg', tarfile.SYMTYPE, '/etc/passwd'),
        member('a/link.jpg', tarfile.LNKTYPE, '../escaped.jpg'),
        member('a/device.jpg', tarfile.CHRTYPE),
        member('a/pipe.jpg', tarfile.FIFOTYPE),
        member('a/folder.jpg', tarfile.DIRTYPE),
    ],
    ids=['parent', 'absolute', 'symbolic link', 'hard link', 'device', 'pipe', 'folder'],
)
def test_nothing_in_an_archive_is_written_or_followed(bad, tmp_path, monkeypatch):
    (tmp_path / 'work').mkdir()
    monkeypatch.chdir(tmp_path / 'work')
    path = tar(tmp_path / 'evil.tar', bad, member('good.jpg'))
    before = sorted(tmp_path.rglob('*'))
    samples = list(read_shard(str(path), start=0, stop=2 if bad.isreg() else 1))
    assert samples[-1]['__key__'] == 'good'
    assert all(sample['jpg'] == b'data' for sample in samples)
    assert sorted(tmp_path.rglob('*')) == before, 'a file was written'
    assert not Path('/tmp/escaped.jpg').exists()


def test_a_member_over_the_limit_is_named_and_empty(tmp_path):
    path = tar(tmp_path / 'a.tar', member('a.jpg'), member('b.jpg'), data=bytes(3000))
    log = MMLogger.get_instance('a large member', log_file=str(tmp_path / 'run.log'))
    sizes = [
        [len(sample['jpg']) for sample in read_shard(str(path), start=0, stop=2, max_bytes=limit)]
        for limit in (3000, 2999)
    ]
    log.handlers.clear()
    assert sizes == [[3000, 3000], [0, 0]]
    said = (tmp_path / 'run.log').read_text()
    assert f"'b.jpg' in '{path}' has 3000 bytes, more than 2999: it is not read" in said


def test_a_member_that_claims_to_be_huge_takes_no_memory(tmp_path):
    info = member('a.jpg')
    info.size = 2**29
    path = tmp_path / 'a.tar'
    path.write_bytes(info.tobuf() + bytes(2048))
    tracemalloc.start()
    with pytest.raises(OSError, match=r'a.tar. cannot be read from image 0 to 1 .unexpected end'):
        keys(path, 0, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


@pytest.mark.parametrize('kind', [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_name_may_not_take_gigabytes(kind, tmp_path):
    info = member('name', kind)
    info.size = 2**30
    path = tmp_path / 'a.tar'
    with path.open('wb') as file:
        file.write(info.tobuf())
        file.truncate(2**31)  # takes no room on the disk
    with pytest.raises(OSError, match="a member's name and attributes take 1073741824 bytes"):
        keys(path, 0, 1)


def test_long_names_are_read(tmp_path):
    name = 'a/' * 200 + 'b.jpg'
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / 'a.tar', 'w', format=format) as file:
            info = member(name)
            info.size = 4
            file.addfile(info, io.BytesIO(b'data'))
        assert keys(tmp_path / 'a.tar', 0, 1) == [name.removesuffix('.jpg')]


def test_a_compressed_archive_which_could_hold_anything_is_refused(tmp_path):
    path = tar(tmp_path / 'a.tar', member('a.jpg'))
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(OSError, match="a.tar' cannot be read from image 0 to 1"):
        keys(path, 0, 1)


@pytest.mark.parametrize('end', [0, 700, 4000], ids=['empty', 'within a member', 'between members'])
def test_a_shard_that_ends_early_is_named(shards, tmp_path, end):
    path = tmp_path / 'cut.tar'
    path.write_bytes((shards / 'images-000000.tar').read_bytes()[:end])
    with pytest.raises(OSError, match=r"shard '.*cut.tar' cannot be read from image \d to 5"):
        keys(path, 0, 5)


def test_a_missing_shard_is_named(tmp_path):
    with pytest.raises(OSError, match=r"shard '.*no.tar' cannot be read.*No such file.*--verify"):
        keys(tmp_path / 'no.tar', 0, 1)


def test_a_stream_that_breaks_is_read_on(shards, monkeypatch):
    whole = (shards / 'images-000000.tar').read_bytes()
    streams = [io.BytesIO(whole[:6000]), io.BytesIO(b''), io.BytesIO(whole)]
    monkeypatch.setattr(stream, 'open_location', lambda _: streams.pop(0))
    assert keys('anywhere', 0, 5) == [f'{i:09d}' for i in range(5)]
    assert not streams
