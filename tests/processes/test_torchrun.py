"""Our torchrun hands signals on, waits, ends as the run does, and restarts once for a death."""

import os
import signal
import sys
import time
from argparse import Namespace
from pathlib import Path

import pytest

from mmcnx2.processes.torchrun import _meet_anew, launch
from tests.engine.hooks.test_resume_hook import finished
from tests.support.command_line import ROOT
from tests.support.forkserver import start


def run(folder: Path, *ways: str, options: tuple = ()) -> None:
    """Start two ranks, and end as a script that launches them would."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where tests run behind an `&`
    sys.stderr = open(folder / 'said', 'w')
    rank = str(ROOT / 'tests/support/rank.py')
    options = ('--standalone', '--nproc_per_node=2', f'--log_dir={folder}/logs', *options)
    sys.exit(launch([*options, rank, str(folder), *ways]))


def started(folder: Path, restart: int = 0) -> set[str]:
    """Wait until both ranks of a start listen, and return whom they were told to follow."""
    paths = [folder / f'started-{restart}-{rank}' for rank in (0, 1)]
    for _ in range(600):
        if all(path.exists() and path.read_text() for path in paths):
            return {path.read_text() for path in paths}
        time.sleep(0.05)
    raise AssertionError('the ranks do not start')


@pytest.mark.parametrize(
    ('number', 'status'),
    [(signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGINT, 130)],
    ids=lambda value: getattr(value, 'name', ''),
)
def test_a_signal_is_handed_on_to_all_and_their_status_is_the_jobs(tmp_path, number, status):
    """Each is told at least once, saves, and is not started anew."""
    job = start(run, tmp_path, 'waits', options=('--max_restarts=2',))
    assert started(tmp_path) == {str(job.pid)}
    os.kill(job.pid, number)
    assert finished(job) == status
    for rank in (0, 1):
        assert (tmp_path / f'told-{rank}').read_text().split()[0] == number.name
        assert (tmp_path / f'saved-{rank}').exists()
    assert not (tmp_path / 'started-1-0').exists()


def test_a_job_that_was_told_is_worth_another_try_whatever_became_of_its_processes(tmp_path):
    job = start(run, tmp_path, 'waits', 'unable')
    started(tmp_path)
    os.kill(job.pid, signal.SIGTERM)
    assert finished(job) == 75


def test_a_process_that_was_told_itself_is_not_started_anew(tmp_path):
    assert finished(start(run, tmp_path, 'status=75', options=('--max_restarts=2',))) == 75
    assert not (tmp_path / 'started-1-0').exists()


def test_a_death_costs_one_restart(tmp_path):
    assert finished(start(run, tmp_path, 'dies', options=('--max_restarts=1',))) == 0
    assert (tmp_path / 'started-1-0').exists() and (tmp_path / 'started-1-1').exists()


def test_a_failure_is_told_with_the_status_of_the_process(tmp_path):
    assert finished(start(run, tmp_path, 'status=3')) == 3
    said = (tmp_path / 'said').read_text()
    assert 'exitcode  : 3' in said, said


def test_processes_that_may_restart_meet_in_a_store_of_their_own(monkeypatch):
    monkeypatch.delenv('TORCH_DISABLE_SHARE_RDZV_TCP_STORE', raising=False)
    args = Namespace(
        max_restarts=3, rdzv_backend='static', standalone=False, rdzv_endpoint='', rdzv_conf='',
        master_addr='first.machine', master_port=29501, node_rank=1,
    )  # fmt: skip
    _meet_anew(args)
    assert (args.rdzv_backend, args.rdzv_endpoint) == ('c10d', 'first.machine:29501')
    assert args.rdzv_conf == 'is_host=0'
    assert os.environ['TORCH_DISABLE_SHARE_RDZV_TCP_STORE'] == '1'
    monkeypatch.delenv('TORCH_DISABLE_SHARE_RDZV_TCP_STORE')


def test_without_restarts_they_meet_as_they_are_told(monkeypatch):
    monkeypatch.setenv('TORCH_DISABLE_SHARE_RDZV_TCP_STORE', '0')
    args = Namespace(max_restarts=0, rdzv_backend='static', standalone=False)
    _meet_anew(args)
    assert args.rdzv_backend == 'static'
    assert os.environ['TORCH_DISABLE_SHARE_RDZV_TCP_STORE'] == '0', 'the user knows better'
