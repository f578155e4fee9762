"""What the tools write is whole or not there, and takes the place of nothing that is not theirs."""

import os
import re
import threading
from pathlib import Path

import pytest

from mmcnx2.outputs import (
    check_file,
    check_folder,
    claim_folder,
    is_claimed,
    mark_folder,
    move_aside,
    new_file,
    write_text,
)


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Files -------------------------------------------------------------------------------------------


def test_a_file_appears_whole_with_its_folder(tmp_path):
    path = tmp_path / 'new/folder/page.md'
    with new_file(path) as draft:
        draft.write_text('half')
        assert draft.name == 'page.md' and not path.exists()
        draft.write_text('whole')
    assert path.read_text() == 'whole' and names(path.parent) == ['page.md']


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    write_text('~/new/a.txt', 'text')
    assert (tmp_path / 'new/a.txt').read_text() == 'text'


def test_an_error_leaves_everything_as_it_was(tmp_path):
    (tmp_path / 'page.md').write_text('before')

    def break_off() -> None:
        with new_file(tmp_path / 'page.md') as draft:
            draft.write_text('half')
            raise RuntimeError('broken off')

    with pytest.raises(RuntimeError, match='broken off'):
        break_off()
    assert names(tmp_path) == ['page.md'] and (tmp_path / 'page.md').read_text() == 'before'


def test_a_file_in_the_way_is_moved_aside_and_that_is_said(tmp_path, caplog):
    path = tmp_path / 'curves.png'
    for text in ('mine', 'first', 'second'):
        write_text(path, text)
    found = {name: (tmp_path / name).read_text() for name in names(tmp_path)}
    kept = {'curves.old-1.png': 'mine', 'curves.old-2.png': 'first'}
    assert found == kept | {'curves.png': 'second'}
    assert f"'{path}' was in the way: it is now '{tmp_path}/curves.old-1.png'." in caplog.messages


def test_the_same_file_again_stays_where_it_is(tmp_path):
    write_text(tmp_path / 'a.json', 'same')
    before = (tmp_path / 'a.json').stat().st_ino
    write_text(tmp_path / 'a.json', 'same')
    assert names(tmp_path) == ['a.json'] and (tmp_path / 'a.json').stat().st_ino == before


def test_a_link_in_the_way_keeps_what_it_leads_to(tmp_path):
    (tmp_path / 'trained.pth').write_text('weights')
    (tmp_path / 'out.pth').symlink_to('trained.pth')
    write_text(tmp_path / 'out.pth', 'other')
    assert (tmp_path / 'trained.pth').read_text() == 'weights'
    assert (tmp_path / 'out.old-1.pth').is_symlink()


def test_what_is_written_beside_it_goes_along(tmp_path):
    with new_file(tmp_path / 'net.onnx') as draft:
        draft.write_text('graph')
        draft.with_name('net.onnx.data').write_text('weights')
    assert names(tmp_path) == ['net.onnx', 'net.onnx.data']


def test_a_block_that_writes_nothing_leaves_nothing(tmp_path):
    with new_file(tmp_path / 'other_process.pkl'):
        pass
    assert names(tmp_path) == []


def test_threads_lose_no_file(tmp_path):
    def write(number: int) -> None:
        write_text(tmp_path / 'table.md', str(number))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == [str(n) for n in range(8)]


def test_what_cannot_be_written_is_refused_before_work_starts(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(IsADirectoryError, match='is a folder: give the name of a file'):
        check_file(tmp_path)
    with pytest.raises(NotADirectoryError, match="because '.*file' is no folder"):
        check_file(tmp_path / 'file/deeper/page.md')
    check_file(tmp_path / 'not/there/yet.md')
    assert names(tmp_path) == ['file']


def test_a_write_protected_place_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda *_: False)  # root, who may run this, may do anything
    with pytest.raises(PermissionError, match='is write-protected'):
        check_file(tmp_path / 'page.md')


@pytest.mark.parametrize('spelling', ['a.pth', './a.pth', 'link.pth', 'hard.pth'])
def test_reading_and_writing_one_file_is_refused_however_it_is_spelled(
    spelling, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a.pth').touch()
    (tmp_path / 'link.pth').symlink_to('a.pth')
    (tmp_path / 'hard.pth').hardlink_to('a.pth')
    with pytest.raises(ValueError, match='read and written at once'):
        check_file(spelling, inputs=['missing.pth', 'https://host/a.pth', 'a.pth'])


# Folders -----------------------------------------------------------------------------------------


def test_a_new_an_empty_and_an_own_folder_are_taken(tmp_path):
    for _ in range(2):
        folder = claim_folder(tmp_path / 'a/job', 'demo')
        (folder / 'result').touch()
    assert is_claimed(folder, 'demo') and not is_claimed(folder, 'ablate')
    (tmp_path / 'empty').mkdir()
    assert is_claimed(claim_folder(tmp_path / 'empty', 'demo'), 'demo')


def test_a_folder_that_holds_something_else_is_refused_and_stays_as_it_is(tmp_path):
    (tmp_path / 'epoch_800.pth').write_text('a week of work')
    for by in ('demo', 'ablate'):
        with pytest.raises(FileExistsError, match='files that this tool did not make'):
            claim_folder(tmp_path, by)
    assert names(tmp_path) == ['epoch_800.pth']


def test_another_tools_folder_is_not_taken_either(tmp_path):
    claim_folder(tmp_path, 'demo')
    with pytest.raises(FileExistsError):
        check_folder(tmp_path, 'ablate')


@pytest.mark.parametrize('kind', ['file', 'dangling link'])
def test_a_name_that_is_no_folder_is_refused(kind, tmp_path):
    place = tmp_path / 'place'
    place.touch() if kind == 'file' else place.symlink_to('nowhere')
    with pytest.raises(NotADirectoryError, match='is no folder'):
        claim_folder(place, 'demo')


def test_files_in_an_own_folder_are_replaced(tmp_path):
    mark_folder(tmp_path, 'ablate')
    for text in ('old', 'new'):
        write_text(tmp_path / 'table.md', text)
    assert names(tmp_path) == ['.mmcnx2-ablate', 'table.md']
    assert (tmp_path / 'table.md').read_text() == 'new'


def test_a_folder_is_moved_aside_whole(tmp_path):
    for number in (1, 2):
        (tmp_path / 'lr=1e-4').mkdir()
        (tmp_path / f'lr=1e-4/{number}').touch()
        assert move_aside(tmp_path / 'lr=1e-4').name == f'lr=1e-4.old-{number}'
    assert names(tmp_path) == ['lr=1e-4.old-1', 'lr=1e-4.old-2']
    assert names(tmp_path / 'lr=1e-4.old-2') == ['2']


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError('not supported')

    monkeypatch.setattr(os, 'link', refuse)
    for text in ('mine', 'new'):
        write_text(tmp_path / 'a.md', text)
    assert [(tmp_path / name).read_text() for name in names(tmp_path)] == ['new', 'mine']


# The rule ----------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[1]
WRITES = re.compile(
    r"rmtree|unlink\(|os\.remove|\.open\('[wa]|open\([^)]*'[wa]b?'|\.write_(text|bytes)\(|"
    r'torch\.save\(|savefig\(|\.replace\(root|mkdir\('
)
ALLOWED = {
    'mmcnx2/analysis/embedding_parts.py': 'its own folder of parts, once the table is whole',
    'mmcnx2/analysis/figures.py': 'in the block of new_file',
    'mmcnx2/analysis/predictor.py': 'in a folder that the tool has claimed',
    'mmcnx2/analysis/report/page.py': 'a picture within a page, in memory',
    'mmcnx2/apis/run.py': 'in the block of new_file',
    'mmcnx2/apis/similar.py': 'in the block of new_file',
    'tools/benchmarks/data_path.py': 'in a temporary folder',
    'tools/benchmarks/detectors.py': 'configs in the folder of its runs',
    'tools/benchmarks/export_latency.py': 'in a temporary folder',
    'tools/benchmarks/list_files.py': 'in a temporary folder; /proc',
    'tools/benchmarks/photographs.py': 'in a temporary folder',
    'tools/benchmarks/measure.py': '/proc',
    'tools/benchmarks/near_duplicates.py': 'in a temporary folder',
    'tools/benchmarks/train_step.py': 'in a temporary folder',
    'tools/demo/scenes/build.py': 'in a folder that its meta.json shows to be a data set of scenes',
    'tools/demo/scenes/files.py': 'the same',
    'tools/demo/scenes/meta.py': 'the same',
}
"""File to why it may write, or make a folder, by itself."""


def test_no_tool_and_nothing_that_draws_writes_in_another_way():
    found = {
        path.relative_to(ROOT).as_posix()
        for room in ('tools', 'mmcnx2/analysis', 'mmcnx2/apis')
        for path in (ROOT / room).rglob('*.py')
        if WRITES.search(path.read_text())
    }
    assert found == ALLOWED.keys()
