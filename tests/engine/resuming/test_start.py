"""A run's first moments: before it writes, and after Slurm has queued it again."""

import errno
import os
from pathlib import Path

import pytest
from mmengine.config import Config

from mmcnx2.engine.resuming import lock as lock_module
from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.resuming.run_note import RunNote
from mmcnx2.engine.resuming.start import choose, claim, is_first_process
from mmcnx2.engine.saving import atomic_backend
from tests.support.saved import save


def config(folder: Path, **options) -> Config:
    return Config(dict(work_dir=str(folder), **options))


def release(locks) -> None:
    for each in locks:
        each.release()


def test_a_fresh_start_claims_the_folder(tmp_path):
    locks = claim(config(tmp_path / 'run'))
    assert [lock.held for lock in locks] == [True]
    release(locks)
    assert RunNote.read(tmp_path / 'run') is not None


def test_a_fresh_start_among_checkpoints_is_refused(tmp_path):
    save(tmp_path / 'iter_1.pth')
    with pytest.raises(CannotStartError, match='--move-aside'):
        claim(config(tmp_path))
    release(claim(config(tmp_path), move_aside=True))
    assert (tmp_path / 'old-1/iter_1.pth').is_file()


def test_resuming_claims_the_folder_as_it_is(tmp_path):
    save(tmp_path / 'iter_1.pth')
    release(claim(config(tmp_path, resume=True)))
    assert (tmp_path / 'iter_1.pth').is_file()


def test_the_folder_of_the_checkpoints_is_claimed_too(tmp_path):
    saver = dict(checkpoint=dict(out_dir=str(tmp_path / 'store')))
    locks = claim(config(tmp_path / 'run', default_hooks=saver))
    assert [lock.path.parent for lock in locks] == [tmp_path / 'run', tmp_path / 'store/run']
    release(locks)


def test_queued_again_it_goes_on_whatever_the_command_says(tmp_path, monkeypatch):
    monkeypatch.setenv('SLURM_JOB_ID', '7')
    origin = save(tmp_path / 'origin.pth', step=1)
    first = choose(tmp_path / 'run', resume=True, checkpoint=str(origin))
    assert first.checkpoint == str(origin)
    save(tmp_path / 'run/iter_5.pth', step=5, run=first.note.id)
    monkeypatch.setenv('SLURM_RESTART_COUNT', '1')
    release(claim(config(tmp_path / 'run'), move_aside=True))
    for resume, checkpoint in ((False, None), (True, None), (True, str(origin))):
        again = choose(tmp_path / 'run', resume=resume, checkpoint=checkpoint)
        assert again.checkpoint == str(tmp_path / 'run/iter_5.pth')
        assert again.note.id == first.note.id


def test_a_refused_start_is_refused_when_it_is_queued_again(tmp_path, monkeypatch):
    save(tmp_path / 'iter_1.pth', run='old')
    RunNote('old', job='6').write(tmp_path)
    monkeypatch.setenv('SLURM_JOB_ID', '7')
    for attempt in '012':
        monkeypatch.setenv('SLURM_RESTART_COUNT', attempt)
        with pytest.raises(CannotStartError, match='earlier run'):
            choose(tmp_path, resume=False, checkpoint=None)


def test_queued_again_before_it_had_begun_it_begins(tmp_path, monkeypatch):
    monkeypatch.setenv('SLURM_JOB_ID', '7')
    monkeypatch.setenv('SLURM_RESTART_COUNT', '1')
    assert choose(tmp_path, resume=False, checkpoint=None).checkpoint is None


def test_a_full_disk_does_not_keep_it_from_starting(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for module in (atomic_backend, lock_module):
        for name in ('fsync', 'write'):
            monkeypatch.setattr(module.os, name, refuse)
    locks = claim(config(tmp_path))
    assert [lock.held for lock in locks] == [True]
    assert choose(tmp_path, resume=True, checkpoint=None).checkpoint is None
    release(locks)


@pytest.mark.parametrize(
    ('launcher', 'environment', 'first'),
    [
        ('none', dict(RANK='3'), True),
        ('pytorch', dict(RANK='0', LOCAL_RANK='0'), True),
        ('pytorch', dict(RANK='8', LOCAL_RANK='0'), False),
        ('slurm', dict(SLURM_PROCID='0'), True),
        ('slurm', dict(SLURM_PROCID='1'), False),
        ('mpi', dict(OMPI_COMM_WORLD_RANK='1'), False),
        ('pytorch', {}, True),
    ],
)
def test_one_process_acts_for_all(launcher, environment, first):
    assert is_first_process(launcher, environment) is first
