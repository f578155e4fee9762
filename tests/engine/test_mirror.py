"""Copies are whole, the newest stay, and nothing of others is touched: any file system."""

import json
import sys
import uuid
from pathlib import Path

import fsspec
import pytest

from mmcnx2.engine.mirror import NOTE, Mirror, MirrorError
from tests.support.saved import flip, save


@pytest.fixture(params=['folder', 'file', 'memory'])
def place(request, tmp_path) -> str:
    """An address that nothing is at."""
    match request.param:
        case 'folder':
            return str(tmp_path / 'mirror')
        case 'file':
            return f'file://{tmp_path}/mirror'
        case 'memory':
            return f'memory://{uuid.uuid4().hex}'


def put(mirror: Mirror, source: Path, name: str, *, run: str = 'a', text: str | None = None):
    source.write_text(text or name)
    with source.open('rb') as file:
        mirror.put('run', run, file, name)


def contents(address: str) -> dict[str, str]:
    fs, root = fsspec.core.url_to_fs(f'{address}/run')
    paths = fs.ls(root, detail=False) if fs.exists(root) else []
    found = {path.rpartition('/')[2]: fs.cat_file(path).decode() for path in paths}
    found.pop(NOTE, None)
    return found


def test_the_newest_stay(place, tmp_path):
    mirror = Mirror(place, keep=2)
    for name in ('1.pth', '2.pth', '3.pth'):
        put(mirror, tmp_path / 'source', name)
    assert contents(place) == {'2.pth': '2.pth', '3.pth': '3.pth'}


def test_a_name_that_comes_again_holds_the_newer_and_counts_as_new(place, tmp_path):
    mirror = Mirror(place, keep=2)
    for name in ('last.pth', '2.pth', 'last.pth', '3.pth'):
        put(mirror, tmp_path / 'source', name, text=f'{name} {len(contents(place))}')
    assert contents(place) == {'last.pth': 'last.pth 2', '3.pth': '3.pth 2'}


def test_a_run_that_goes_on_removes_its_older_copies(place, tmp_path):
    put(Mirror(place, keep=1), tmp_path / 'source', '1.pth')
    put(Mirror(place, keep=1), tmp_path / 'source', '2.pth')
    assert list(contents(place)) == ['2.pth']


def test_what_is_not_its_own_stays(place, tmp_path):
    fs, root = fsspec.core.url_to_fs(f'{place}/run')
    fs.makedirs(root, exist_ok=True)
    fs.pipe_file(f'{root}/1.pth', b'of others')
    mirror = Mirror(place, keep=1)
    with pytest.raises(MirrorError, match=r"1.pth' is there already, and no copy of this run's"):
        put(mirror, tmp_path / 'source', '1.pth')
    put(mirror, tmp_path / 'source', '2.pth')
    assert contents(place) == {'1.pth': 'of others', '2.pth': '2.pth'}


def test_copies_of_another_run_stay(place, tmp_path):
    put(Mirror(place, keep=1), tmp_path / 'source', '1.pth', run='a')
    with pytest.raises(MirrorError, match='holds copies of another run: give another address'):
        put(Mirror(place, keep=1), tmp_path / 'source', '2.pth', run='b')
    assert list(contents(place)) == ['1.pth']


def test_a_copy_that_breaks_off_leaves_the_older_one_and_nothing_else(place, tmp_path, monkeypatch):
    mirror = Mirror(place, keep=1)
    put(mirror, tmp_path / 'source', '1.pth')

    def break_off(file, copy, length) -> None:
        copy.write(file.read(3))
        raise OSError('the line is dead')

    monkeypatch.setattr('shutil.copyfileobj', break_off)
    with pytest.raises(OSError, match='the line is dead'):
        put(mirror, tmp_path / 'source', '2.pth')
    assert contents(place) == {'1.pth': '1.pth'}


def test_a_copy_that_does_not_arrive_whole_is_none(place, tmp_path, monkeypatch):
    mirror = Mirror(place, keep=1)
    monkeypatch.setattr('shutil.copyfileobj', lambda file, copy, length: copy.write(file.read(3)))
    with pytest.raises(MirrorError, match='3 of 5 bytes have arrived'):
        put(mirror, tmp_path / 'source', '1.pth')
    assert contents(place) == {}


def test_a_note_leads_to_no_file_elsewhere(tmp_path):
    (tmp_path / 'mirror/run').mkdir(parents=True)
    (tmp_path / 'mine').touch()
    note = dict(run='a', copies=['../../mine', '../x'])
    (tmp_path / 'mirror/run' / NOTE).write_text(json.dumps(note))
    put(Mirror(str(tmp_path / 'mirror'), keep=1), tmp_path / 'source', '1.pth')
    assert (tmp_path / 'mine').exists()


def test_a_note_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / 'mirror/run').mkdir(parents=True)
    (tmp_path / 'mirror/run' / NOTE).write_text('[')
    with pytest.raises(MirrorError, match='cannot be read: move it away'):
        put(Mirror(str(tmp_path / 'mirror'), keep=1), tmp_path / 'source', '1.pth')


def test_what_cannot_be_opened_is_refused():
    with pytest.raises(ValueError, match="address='nowhere://a' cannot be opened .*such as s3://"):
        Mirror('nowhere://a', keep=1)
    with pytest.raises(ValueError, match='chains file systems'):
        Mirror('simplecache::s3://a', keep=1)


def test_what_s3_needs_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 's3fs', None)
    monkeypatch.delitem(sys.modules['fsspec.registry']._registry, 's3', raising=False)
    with pytest.raises(ValueError, match=r"address='s3://a/b', but .* `pip install s3fs`"):
        Mirror('s3://a/b', keep=1)


def test_copies_come_back_whole(place, tmp_path):
    mirror, back = Mirror(place, keep=2), tmp_path / 'back/2.pth'
    assert mirror.copies('run') == (None, [])
    for name in ('1.pth', '2.pth'):
        put(mirror, tmp_path / 'source', name)
    assert mirror.copies('run') == ('a', ['1.pth', '2.pth'])
    mirror.fetch('run', '2.pth', back)
    assert back.read_text() == '2.pth'


def test_a_damaged_copy_does_not_come_back(place, tmp_path):
    mirror = Mirror(place, keep=1)
    source = save(tmp_path / '1.pth')
    flip(source)
    with source.open('rb') as file:
        mirror.put('run', 'a', file, '1.pth')
    with pytest.raises(MirrorError):
        mirror.fetch('run', '1.pth', tmp_path / 'back/1.pth')
    assert not list((tmp_path / 'back').iterdir())
