"""tools/dist_train.sh goes on after a death, and loses nothing when the whole job is told to go."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.engine.hooks.test_resume_hook import assert_same_end, finished, load_end
from tests.processes.test_loading import is_alive, wait_until_gone
from tests.support.command_line import ROOT
from tests.support.forkserver import start
from tests.support.job import CONFIG, IS_TOLD_IN, train_undisturbed

pytestmark = pytest.mark.slow


def wait_for(condition, job: subprocess.Popen, log: Path) -> None:
    while not condition():
        assert job.poll() is None, log.read_text()[-4000:]
        time.sleep(0.05)


def descendants(process: int) -> list[int]:
    """Return a process and all that it or one of them has started."""
    parents = {}
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            fields = (folder / 'stat').read_text().rpartition(')')[2].split()
            parents[int(folder.name)] = int(fields[1])
        except FileNotFoundError:
            continue  # it has ended
    found = [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


@pytest.fixture(scope='module')
def told(tmp_path_factory) -> SimpleNamespace:
    """A process dies, and once the job goes on, all its processes are told to go, twice."""
    folder = tmp_path_factory.mktemp('job')
    config, log = folder / 'toy.py', folder / 'log'
    config.write_text(CONFIG)
    tools = Path(sys.executable).parent
    environment = dict(
        os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT), PATH=f'{tools}:{os.environ["PATH"]}',
        MAX_RESTARTS='1', PORT='0',
    )  # fmt: skip
    with log.open('w') as file:
        job = subprocess.Popen(
            [
                ROOT / 'tools/dist_train.sh', config, '2', '--work-dir', folder / 'run', '--resume',
                '--cfg-options', 'train_dataloader.num_workers=2',  # however few cores there are
            ],
            env=environment, cwd=folder, stdout=file, stderr=file,
        )  # fmt: skip
    wait_for(lambda: all((folder / f'waiting-{rank}').exists() for rank in (0, 1)), job, log)
    processes = descendants(job.pid)
    for _ in range(2):
        for process in filter(is_alive, processes):
            os.kill(process, signal.SIGTERM)
        time.sleep(0.2)
    (folder / 'sent').touch()
    status = job.wait(120)
    return SimpleNamespace(
        folder=folder, config=config, status=status, processes=processes, log=log.read_text()
    )


def test_a_death_costs_one_restart(told):
    starts = sorted(path.name for path in told.folder.glob('started-*'))
    assert starts == ['started-0-0', 'started-0-1', 'started-1-0', 'started-1-1']
    assert 'Resuming from' in told.log, 'it began anew'


def test_all_of_them_told_twice_the_run_is_saved_and_the_job_worth_another_try(told):
    assert len(told.processes) == 1 + 2 + 4, 'torchrun, two processes, four loading processes'
    assert told.status == 75, told.log[-4000:]
    saved = torch.load(told.folder / 'run/interrupted.pth', weights_only=True)
    assert saved['meta']['iter'] == IS_TOLD_IN


def test_nothing_is_left_behind(told):
    wait_until_gone(told.processes)


def test_the_run_ends_as_if_nothing_had_happened(told):
    ends = []
    for name in ('run', 'whole'):
        folder = told.folder / name
        ranks = [
            start(train_undisturbed, rank, str(told.config), folder, told.folder / f'meet-{name}')
            for rank in (0, 1)
        ]
        assert [finished(rank) for rank in ranks] == [0, 0]
        ends.append(load_end(folder))
    assert_same_end(*ends)
