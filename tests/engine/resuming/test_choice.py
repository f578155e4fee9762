"""--resume goes on with the folder's own run, by its newest whole checkpoint."""

import os
from pathlib import Path

import pytest

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.engine.resuming.choice import Choice, choose_newest, read_named
from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.resuming.run_note import RunNote
from tests.support.saved import flip, save


def chosen(folder: Path) -> Choice:
    return choose_newest(folder, [folder])


def named(choice: Choice) -> str | None:
    return choice.checkpoint and Path(choice.checkpoint).name


def test_an_empty_folder_begins_anew(tmp_path):
    assert chosen(tmp_path).checkpoint is None
    assert chosen(tmp_path / 'not there').checkpoint is None
    assert chosen(tmp_path).note.id != chosen(tmp_path).note.id


def test_an_older_longer_run_in_the_folder_is_not_taken(tmp_path):
    save(tmp_path / 'iter_15.pth', step=15, run='old')
    save(tmp_path / 'iter_3.pth', step=3, run='new')
    RunNote('new').write(tmp_path)
    choice = chosen(tmp_path)
    assert (named(choice), choice.note.id) == ('iter_3.pth', 'new')
    assert [path.name for path in choice.passed_over] == ['iter_15.pth']
    assert 'another run' in choice.passed_over[tmp_path / 'iter_15.pth']


def test_without_the_note_the_last_checkpoint_says_whose_the_folder_is(tmp_path):
    save(tmp_path / 'iter_15.pth', step=15, run='old')
    save(tmp_path / 'iter_3.pth', step=3, run='new')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_3.pth'))
    (tmp_path / 'run.json').write_bytes(b'\xff garbage')
    assert named(chosen(tmp_path)) == 'iter_3.pth'


def test_between_two_runs_nothing_is_guessed(tmp_path):
    save(tmp_path / 'iter_15.pth', step=15, run='a')
    save(tmp_path / 'iter_14.pth', step=14, run='a')
    save(tmp_path / 'iter_3.pth', step=3, run='b')
    with pytest.raises(CannotStartError, match=r'2 runs.*--resume FILE.*iter_15\.pth.*iter_3\.pth'):
        chosen(tmp_path)


def test_checkpoints_from_before_there_were_identities_still_resume(tmp_path):
    for step in (9, 10):
        save(tmp_path / f'iter_{step}.pth', step=step)
    choice = chosen(tmp_path)
    assert named(choice) == 'iter_10.pth'
    assert choice.note.began_from == str(tmp_path / 'iter_10.pth')


def test_what_goes_on_from_them_is_newer_than_they_are(tmp_path):
    save(tmp_path / 'iter_10.pth', step=10)
    save(tmp_path / 'iter_12.pth', step=12, run='a')
    RunNote('a', str(tmp_path / 'iter_10.pth')).write(tmp_path)
    assert named(chosen(tmp_path)) == 'iter_12.pth'
    flip(tmp_path / 'iter_12.pth')
    assert named(chosen(tmp_path)) == 'iter_10.pth'


def test_damage_that_reading_does_not_notice_is_passed_over(tmp_path):
    for step in (1, 2):
        save(tmp_path / f'iter_{step}.pth', step=step, run='a')
    flip(tmp_path / 'iter_2.pth')
    choice = chosen(tmp_path)
    assert named(choice) == 'iter_1.pth'
    assert 'differs from its checksum' in choice.passed_over[tmp_path / 'iter_2.pth']


def test_of_two_with_as_many_steps_the_later_is_taken(tmp_path):
    for number, name in enumerate(('interrupted.pth', 'epoch_1.pth')):
        os.utime(save(tmp_path / name, step=8, run='a'), (number, number))
    assert named(chosen(tmp_path)) == 'epoch_1.pth'


def test_a_run_that_has_saved_nothing_yet_begins_where_it_began(tmp_path):
    origin = save(tmp_path / 'elsewhere/iter_7.pth', step=7, run='other')
    work_dir = tmp_path / 'run'
    RunNote('a', str(origin)).write(work_dir)
    choice = chosen(work_dir)
    assert (choice.checkpoint, choice.note.id) == (str(origin), 'a')
    save(work_dir / 'iter_8.pth', step=8, run='a')
    assert named(chosen(work_dir)) == 'iter_8.pth'


def test_where_its_origin_is_gone_it_does_not_begin_anew_in_silence(tmp_path):
    RunNote('a', str(tmp_path / 'gone.pth')).write(tmp_path)
    with pytest.raises(CannotStartError, match=r'gone\.pth \(it does not exist\)'):
        chosen(tmp_path)


def test_an_address_is_gone_on_from_without_a_look(tmp_path):
    RunNote('a', 'https://host/iter_7.pth').write(tmp_path)
    assert chosen(tmp_path).checkpoint == 'https://host/iter_7.pth'
    (tmp_path / 'run.json').unlink()
    (tmp_path / 'last_checkpoint').write_text('s3://bucket/run/iter_9.pth')
    assert chosen(tmp_path).checkpoint == 's3://bucket/run/iter_9.pth'
    save(tmp_path / 'iter_3.pth', step=3)
    assert named(chosen(tmp_path)) == 'iter_3.pth'


def test_the_note_of_the_last_checkpoint_leads_to_another_folder(tmp_path):
    save(tmp_path / 'store/iter_9.pth', step=9, run='a')
    save(tmp_path / 'store/iter_99.pth', step=99, run='b')
    save(tmp_path / 'run/iter_3.pth', step=3, run='a')
    (tmp_path / 'run/last_checkpoint').write_text(str(tmp_path / 'store/iter_9.pth'))
    assert named(chosen(tmp_path / 'run')) == 'iter_9.pth'
    (tmp_path / 'run/last_checkpoint').write_text(str(tmp_path / 'gone/iter_9.pth'))
    assert named(chosen(tmp_path / 'run')) == 'iter_3.pth'


def test_of_two_files_of_one_name_that_on_another_disk_is_taken_if_it_is_newer(tmp_path):
    """As interrupted.pth is, once there was no room for it beside the last one."""
    save(tmp_path / 'run/interrupted.pth', step=3, run='a')
    later = save(tmp_path / 'other disk/run/interrupted.pth', step=9, run='a')
    os.utime(tmp_path / 'run/interrupted.pth', (1, 1))
    (tmp_path / 'run/last_checkpoint').write_text(str(later))
    assert chosen(tmp_path / 'run').checkpoint == str(later)


def test_a_copied_folder_goes_on_from_its_own_checkpoints(tmp_path):
    save(tmp_path / 'a/iter_9.pth', step=9, run='x')
    save(tmp_path / 'b/iter_8.pth', step=8, run='x')
    (tmp_path / 'b/last_checkpoint').write_text(str(tmp_path / 'a/iter_8.pth'))
    assert chosen(tmp_path / 'b').checkpoint == str(tmp_path / 'b/iter_8.pth')


def test_damaged_ones_alone_are_refused_and_nothing_is_to_be_removed(tmp_path):
    for step in range(1, 6):
        (tmp_path / f'iter_{step}.pth').write_bytes(b'PK not quite')
    with pytest.raises(CannotStartError) as refused:
        chosen(tmp_path)
    assert 'iter_1.pth (its ' in str(refused.value)
    assert 'and 2 more' in str(refused.value)
    assert '--resume FILE' in str(refused.value) and '--move-aside' in str(refused.value)
    assert 'remove' not in str(refused.value) and 'delete' not in str(refused.value)


def test_what_no_run_has_written_is_no_reason_to_refuse(tmp_path):
    (tmp_path / 'old.pth').mkdir()
    save(tmp_path / 'other.pth', meta=None)
    choice = chosen(tmp_path)
    assert choice.checkpoint is None
    assert [path.name for path in choice.passed_over] == ['old.pth', 'other.pth']


@pytest.mark.parametrize(
    ('entries', 'missing'),
    [
        (dict(meta=None), 'meta, meta.epoch, meta.iter'),
        (dict(meta=dict(epoch=0, iter='5')), 'meta.iter'),
        (dict(resumable=False), 'optimizer'),
    ],
)
def test_what_was_asked_for_by_name_is_refused_in_a_sentence(entries, missing, tmp_path):
    path = save(tmp_path / 'a.pth', **entries)
    with pytest.raises(CheckpointError) as refused:
        read_named(str(path))
    assert str(refused.value) == (
        f"checkpoint '{path}' holds no state of a run to go on from (it lacks {missing}): start "
        'from its weights with load_from instead of --resume.'
    )


def test_damage_in_what_was_asked_for_by_name_is_refused(tmp_path):
    path = save(tmp_path / 'a.pth', step=4)
    assert read_named(str(path)).step == 4
    flip(path)
    with pytest.raises(CheckpointError, match=r"a\.pth' is not as it was written \(its part"):
        read_named(str(path))
