"""tools/slurm_train.sh queues a preempted run again, with stand-ins for Slurm's programs."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / 'tools/slurm_train.sh'


@pytest.fixture
def slurm(tmp_path):
    """Run the script; the first ``srun`` ends with a status, later ones with 0."""

    def run(status: int, **environment) -> tuple[int, list[str]]:
        srun = f'#!/bin/sh\necho "srun $*"\n[ -e {tmp_path}/ran ] || {{ touch {tmp_path}/ran; '
        (tmp_path / 'srun').write_text(srun + f'exit {status}; }}\n')
        (tmp_path / 'scontrol').write_text('#!/bin/sh\necho "scontrol $*"\n')
        for name in ('srun', 'scontrol'):
            (tmp_path / name).chmod(0o755)
        variables = {key: value for key, value in os.environ.items() if key != 'SLURM_JOB_ID'}
        variables['PATH'] = f'{tmp_path}:{variables["PATH"]}'
        done = subprocess.run(
            [SCRIPT, 'part', 'job', 'c.py', 'dir'],
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


def test_in_a_batch_job_it_puts_the_job_back(slurm):
    assert slurm(75, SLURM_JOB_ID='9')[1][-1] == 'scontrol requeue 9'


def test_any_other_status_is_passed_on(slurm):
    status, said = slurm(3)
    assert status == 3 and len(said) == 1
