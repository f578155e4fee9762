"""Files are read by a few threads, once as long as they stay as they are."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from mmcnx2.datasets.preflight.cache import FactsCache
from mmcnx2.datasets.preflight.reading import read_files
from mmcnx2.datasets.user_cache import user_cache


@dataclass(frozen=True)
class Text:
    """What a file says."""

    text: str
    letters: tuple[str, ...] = ()


@pytest.fixture
def files(tmp_path) -> list[str]:
    (tmp_path / 'below').mkdir()
    paths = [tmp_path / name for name in ('a.txt', 'below/b.txt', 'ö\udcff.txt')]
    for path in paths:
        path.write_text(path.stem[0])
    return [*map(str, paths)]


class Reader:
    """Counts what it reads."""

    def __init__(self):
        self.read = []

    def __call__(self, path: str) -> Text:
        self.read.append(path)
        text = Path(path).read_text()
        return Text(text, tuple(text))

    def facts(self, paths, kind: str = 'text') -> dict:
        return read_files(paths, self, facts=Text, kind=kind)


def test_returns_the_facts_of_each_file_and_none_where_there_is_none(files, tmp_path):
    found = Reader().facts([*files, files[0], str(tmp_path / 'no.txt')])
    assert found == {
        files[0]: Text('a', ('a',)),
        files[1]: Text('b', ('b',)),
        files[2]: Text('ö', ('ö',)),
        str(tmp_path / 'no.txt'): None,
    }
    assert Reader().facts([]) == {}


def test_files_that_stay_as_they_are_are_read_once(files):
    first, second = Reader(), Reader()
    assert first.facts(files) == second.facts(files)
    assert sorted(first.read) == sorted(files) and second.read == []


@pytest.mark.parametrize('change', ['size', 'time', 'name'])
def test_another_name_size_or_time_is_read_anew(files, change):
    Reader().facts(files)
    path, status = Path(files[0]), os.stat(files[0])
    if change == 'size':
        path.write_text('aa')
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == 'time':
        path.write_text('x')
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    else:
        path = path.rename(path.with_name('c.txt'))
    reader = Reader()
    found = reader.facts([str(path), *files[1:]])
    assert reader.read == [str(path)]
    assert found[str(path)].text == path.read_text()


def test_other_kinds_of_facts_are_kept_apart(files):
    Reader().facts(files)
    other = Reader()
    other.facts(files, kind='other')
    assert sorted(other.read) == sorted(files)


def test_what_was_read_before_an_error_is_kept(files):
    class Broken(Reader):
        def __call__(self, path: str) -> Text:
            if path == files[2]:
                raise KeyboardInterrupt
            return super().__call__(path)

    with pytest.raises(KeyboardInterrupt):
        Broken().facts(files)
    reader = Reader()
    reader.facts(files)
    assert reader.read == [files[2]]


@pytest.mark.parametrize('damage', ['', '{', '[]\n{}', '{"version": 0}\n{}', '\udcff'])
def test_a_damaged_cache_is_an_empty_one(files, damage):
    Reader().facts(files)
    (cache,) = user_cache('data').glob('*.json')
    cache.write_text(damage, errors='surrogateescape')
    reader = Reader()
    reader.facts(files)
    assert sorted(reader.read) == sorted(files)


def test_a_cache_that_cannot_be_written_costs_nothing_else(files, monkeypatch, tmp_path):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    assert Reader().facts(files)[files[0]] == Text('a', ('a',))


def test_caches_of_folders_that_went_are_removed(files, tmp_path):
    gone = tmp_path / 'gone'
    gone.mkdir()
    (gone / 'c.txt').write_text('c')
    Reader().facts([str(gone / 'c.txt')])
    (gone / 'c.txt').unlink()
    gone.rmdir()
    Reader().facts(files)
    folders = [json.loads(file.read_text().splitlines()[0])['folder']
               for file in user_cache('data').glob('*.json')]  # fmt: skip
    assert folders == [str(tmp_path)]
    assert not list(user_cache('data').glob('*.part'))


def test_it_lies_in_the_users_cache(monkeypatch):
    monkeypatch.delenv('XDG_CACHE_HOME')
    assert user_cache('data') == Path.home() / '.cache/mmcnx2/data'
    assert FactsCache('/data', 'text')._path.parent == user_cache('data')


def test_a_bar_is_drawn_where_it_takes_long(files, monkeypatch, capsys):
    monkeypatch.setattr('mmcnx2.datasets.preflight.reading._PATIENCE', -1.0)
    Reader().facts(files)
    said = capsys.readouterr().out
    assert 'looking at 3 files (--no-data-check starts without)' in said and '3/3' in said
