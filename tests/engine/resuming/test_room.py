"""Nothing that a run has trained is overwritten by the next one."""

from pathlib import Path

import pytest

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.resuming.room import make_room
from mmcnx2.engine.resuming.run_note import RunNote
from tests.support.saved import flip, save


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def trained(tmp_path) -> Path:
    """A folder in which a run has trained, and something of the user's lies."""
    for step in (1, 2, 3):
        save(tmp_path / f'iter_{step}.pth', step=step, run='a')
    save(tmp_path / 'best_acc_iter_3.pth', step=3, run='a', resumable=False)
    RunNote('a').write(tmp_path)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_3.pth'))
    (tmp_path / '20240131_120000/vis_data').mkdir(parents=True)
    (tmp_path / 'notes.txt').write_text('mine')
    (tmp_path / 'pictures').mkdir()
    return tmp_path


def test_an_empty_folder_gets_an_identity(tmp_path):
    folder = tmp_path / 'run'
    assert make_room(folder, [folder]).id != make_room(folder, [folder]).id


def test_a_folder_with_checkpoints_is_refused_with_three_ways_out(trained):
    before = names(trained)
    with pytest.raises(CannotStartError) as refused:
        make_room(trained, [trained])
    for way in ('--resume', '--work-dir', f"--move-aside to keep them in '{trained}/old-1'"):
        assert way in str(refused.value)
    assert 'best_acc_iter_3.pth, iter_1.pth, iter_2.pth and 1 more' in str(refused.value)
    assert names(trained) == before
    assert RunNote.read(trained).id == 'a'


def test_moved_aside_everything_of_the_earlier_run_is_kept_and_nothing_else_moves(trained):
    note = make_room(trained, [trained], move_aside=True)
    assert note.id != 'a'
    assert names(trained) == ['notes.txt', 'old-1', 'pictures']
    assert names(trained / 'old-1') == [
        '20240131_120000', 'best_acc_iter_3.pth', 'iter_1.pth', 'iter_2.pth', 'iter_3.pth',
        'last_checkpoint', 'run.json',
    ]  # fmt: skip
    assert RunNote.read(trained / 'old-1').id == 'a'


def test_a_second_time_goes_to_a_second_folder(trained):
    make_room(trained, [trained], move_aside=True)
    save(trained / 'iter_1.pth')
    make_room(trained, [trained], move_aside=True)
    assert 'iter_1.pth' in names(trained / 'old-1')
    assert names(trained / 'old-2') == ['iter_1.pth']


def test_with_nothing_to_move_no_folder_is_made(tmp_path):
    make_room(tmp_path, [tmp_path], move_aside=True)
    assert names(tmp_path) == []


def test_going_back_keeps_what_got_further(trained):
    named = trained / 'iter_1.pth'
    note = make_room(trained, [trained], resume_from=str(named))
    assert note.id == 'a'
    assert named.is_file()
    assert names(trained / 'old-1') == ['best_acc_iter_3.pth', 'iter_2.pth', 'iter_3.pth']


def test_going_on_from_the_newest_moves_nothing(trained):
    before = names(trained)
    make_room(trained, [trained], resume_from=str(trained / 'iter_3.pth'))
    assert names(trained) == before


def test_a_damaged_checkpoint_that_was_named_moves_nothing(trained):
    flip(trained / 'iter_1.pth')
    before = names(trained)
    with pytest.raises(CheckpointError, match='is not as it was written'):
        make_room(trained, [trained], resume_from=str(trained / 'iter_1.pth'))
    assert names(trained) == before


def test_a_checkpoint_from_elsewhere_needs_a_free_folder(trained, tmp_path_factory):
    other = save(tmp_path_factory.mktemp('other') / 'iter_7.pth', step=7, run='b')
    with pytest.raises(CannotStartError, match=r'earlier run .*--move-aside'):
        make_room(trained, [trained], resume_from=str(other))
    note = make_room(trained, [trained], resume_from=str(other), move_aside=True)
    assert note.id not in ('a', 'b'), 'two folders would claim to be one run'
    assert note.began_from == str(other)
    assert other.is_file()


def test_another_runs_checkpoint_in_the_folder_needs_the_others_moved(trained):
    older = save(trained / 'older.pth', step=9, run='b')
    with pytest.raises(CannotStartError, match='earlier run'):
        make_room(trained, [trained], resume_from=str(older))
    note = make_room(trained, [trained], resume_from=str(older), move_aside=True)
    assert note.id == 'b'
    assert older.is_file()
    assert 'iter_3.pth' in names(trained / 'old-1')


def test_checkpoints_without_identity_are_of_the_run_that_goes_on_from_them(tmp_path):
    for step in (1, 2):
        save(tmp_path / f'iter_{step}.pth', step=step)
    save(tmp_path / 'iter_3.pth', step=3, run='a')
    note = make_room(tmp_path, [tmp_path], resume_from=str(tmp_path / 'iter_1.pth'))
    assert note.began_from == str(tmp_path / 'iter_1.pth')
    assert names(tmp_path / 'old-1') == ['iter_2.pth', 'iter_3.pth']


def test_a_folder_of_checkpoints_elsewhere_is_looked_at_too(tmp_path):
    work_dir, store = tmp_path / 'run', tmp_path / 'store/run'
    save(store / 'iter_1.pth')
    with pytest.raises(CannotStartError, match=r'iter_1\.pth'):
        make_room(work_dir, [work_dir, store])
    make_room(work_dir, [work_dir, store], move_aside=True)
    assert names(store) == ['old-1']


def test_a_last_checkpoint_that_lies_elsewhere_is_not_forgotten(tmp_path):
    last = save(tmp_path / 'other disk/iter_9.pth', step=9, run='a')
    work_dir = tmp_path / 'run'
    work_dir.mkdir()
    (work_dir / 'last_checkpoint').write_text(str(last))
    with pytest.raises(CannotStartError, match=r'iter_9\.pth'):
        make_room(work_dir, [work_dir])
    make_room(work_dir, [work_dir], move_aside=True)
    assert last.is_file()
    assert names(work_dir / 'old-1') == ['last_checkpoint']
