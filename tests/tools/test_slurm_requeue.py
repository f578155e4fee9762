"""A run that was told to go is queued again, with stand-ins for Slurm's programs."""

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'
TRAIN = (TOOLS / 'slurm_train.sh', 'part', 'job', 'c.py', 'dir')
TORCHRUN = (TOOLS / 'slurm_requeue.sh', 'srun', TOOLS / 'dist_train.sh', 'c.py', '8', '--resume')


@pytest.fixture
def slurm(tmp_path):
    """Run a command; the first ``srun`` ends with a status, later ones with 0."""

    def run(
        status: int, command: tuple = TRAIN, state: str = 'RUNNING', **environment
    ) -> tuple[int, list[str]]:
        srun = f'#!/bin/sh\necho "srun $*"\n[ -e {tmp_path}/ran ] || {{ touch {tmp_path}/ran; '
        (tmp_path / 'srun').write_text(srun + f'exit {status}; }}\n')
        (tmp_path / 'scontrol').write_text('#!/bin/sh\necho "scontrol $*"\n')
        listed = f'8 RUNNING\n9 {state}'
        (tmp_path / 'squeue').write_text(f'#!/bin/sh\ncat <<END\n{listed}\nEND\n')
        for name in ('srun', 'scontrol', 'squeue'):
            (tmp_path / name).chmod(0o755)
        variables = {key: value for key, value in os.environ.items() if key != 'SLURM_JOB_ID'}
        variables['PATH'] = f'{tmp_path}:{variables["PATH"]}'
        done = subprocess.run(
            command,
            env={**variables, **environment},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout.splitlines()

    return run


def test_from_a_login_node_it_starts_again_and_resumes(slurm):
    status, said = slurm(75)
    assert status == 0
    assert len(said) == 2
    assert '--resume' not in said[0] and said[1].endswith('--launcher slurm --resume')


@pytest.mark.parametrize('option', ['--move-aside', '--resume=a.pth'])
def test_it_goes_on_with_its_own_checkpoint_wherever_it_began(option, slurm):
    said = slurm(75, (*TRAIN, option, '--cfg-options', 'a=1'))[1]
    assert said[0].endswith(f'{option} --cfg-options a=1')
    assert '--move-aside' not in said[1] and said[1].endswith('--cfg-options a=1 --resume')


def test_in_a_batch_job_it_puts_the_job_back(slurm):
    assert slurm(75, SLURM_JOB_ID='9')[1][-1] == 'scontrol requeue 9'


def test_any_other_status_is_passed_on(slurm):
    status, said = slurm(3)
    assert status == 3 and len(said) == 1


def test_so_is_a_job_of_torchrun(slurm):
    """Which ends with the status of its processes: tests/processes/test_torchrun.py."""
    status, said = slurm(75, TORCHRUN, SLURM_JOB_ID='9')
    assert status == 0
    assert said == [f'srun {TOOLS}/dist_train.sh c.py 8 --resume', 'scontrol requeue 9']


@pytest.mark.parametrize(('status', 'job'), [(3, '9'), (0, '9'), (75, '')])
def test_what_is_no_job_or_needs_no_other_try_is_not(slurm, status, job):
    found, said = slurm(status, TORCHRUN, SLURM_JOB_ID=job)
    assert found == status and len(said) == 1


@pytest.mark.parametrize('command', [TRAIN, TORCHRUN])
@pytest.mark.parametrize('state', ['COMPLETING', 'CANCELLED'])
def test_a_job_that_was_cancelled_stays_so(state, command, slurm):
    status, said = slurm(75, command, state, SLURM_JOB_ID='9')
    assert status == 75 and len(said) == 1, 'it goes on after scancel'


def test_where_nobody_knows_the_state_the_job_is_put_back(slurm):
    assert slurm(75, TORCHRUN, SLURM_JOB_ID='10')[1][-1] == 'scontrol requeue 10'
