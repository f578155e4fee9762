"""As many threads as there are cores, asleep while they wait, unless the user wants otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmcnx2.processes import threads
from mmcnx2.processes.threads import count_cores, describe_threads, is_chosen, settle_threads


def settled(**environment: str) -> dict[str, str]:
    settle_threads(environment=environment)
    return environment


def machine(root: Path, cgroup: str, files: dict[str, str]) -> Path:
    """Lay out the files of a machine with given quotas."""
    for name, text in {'proc/self/cgroup': cgroup, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + '\n')
    return root


@pytest.fixture
def sixteen_cores(monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda process: set(range(16)))


def test_it_chooses_where_nothing_is_said():
    found = settled()
    assert found['OMP_WAIT_POLICY'] == 'PASSIVE'
    assert found['OMP_NUM_THREADS'] == str(threads.count_cores())
    assert is_chosen('OMP_NUM_THREADS', found) and is_chosen('OMP_WAIT_POLICY', found)


@pytest.mark.parametrize(
    'said', [{'OMP_WAIT_POLICY': 'ACTIVE'}, {'GOMP_SPINCOUNT': '1000'}, {'KMP_BLOCKTIME': '200'}]
)
def test_what_the_user_says_of_waiting_stays(said):
    found = settled(**said)
    assert {name: found.get(name) for name in said} == said
    assert not is_chosen('OMP_WAIT_POLICY', found)
    assert 'OMP_NUM_THREADS' in found


def test_the_users_number_of_threads_stays():
    found = settled(OMP_NUM_THREADS='7')
    assert found['OMP_NUM_THREADS'] == '7' and not is_chosen('OMP_NUM_THREADS', found)
    assert found['OMP_WAIT_POLICY'] == 'PASSIVE'


def test_a_process_that_is_started_knows_that_the_choice_was_none_of_the_users():
    found = settled()
    again = dict(found)
    settle_threads(environment=again)
    assert again == found


@pytest.mark.parametrize(
    ('said', 'threads'),
    [
        ({'LOCAL_WORLD_SIZE': '4'}, '4'),
        ({'LOCAL_WORLD_SIZE': '32'}, '1'),
        ({'SLURM_CPUS_PER_TASK': '6'}, '6'),
        ({'SLURM_CPUS_PER_TASK': '64'}, '16'),
    ],
)
def test_processes_share_the_cores(said, threads, sixteen_cores, monkeypatch):
    monkeypatch.setattr('mmcnx2.processes.threads._quotas', lambda root: ())
    assert settled(**said)['OMP_NUM_THREADS'] == threads


V2 = '0::/batch/job'
V1 = '3:memory:/batch\n2:cpu,cpuacct:/batch'


@pytest.mark.parametrize(
    ('cgroup', 'files', 'cores'),
    [
        (V2, {}, 16),
        (V2, {'sys/fs/cgroup/batch/job/cpu.max': 'max 100000'}, 16),
        (V2, {'sys/fs/cgroup/batch/job/cpu.max': '250000 100000'}, 2),
        (V2, {'sys/fs/cgroup/batch/job/cpu.max': '50000 100000'}, 1),
        (V2, {'sys/fs/cgroup/batch/job/cpu.max': '6400000 100000'}, 16),
        # One around it has less.
        (V2, {'sys/fs/cgroup/batch/cpu.max': '300000 100000'}, 3),
        # In a container, the machine's path does not exist.
        (V2, {'sys/fs/cgroup/cpu.max': '400000 100000'}, 4),
        (V1, {}, 16),
        (
            V1,
            {
                'sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us': '500000',
                'sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us': '100000',
            },
            5,
        ),
        (
            V1,
            {
                'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1',
                'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000',
            },
            16,
        ),
        ('', {}, 16),
    ],
)
def test_a_quota_counts_as_whole_cores(tmp_path, sixteen_cores, cgroup, files, cores):
    assert count_cores(machine(tmp_path, cgroup, files)) == cores


def test_affinity_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda process: {3, 5, 7})
    assert count_cores(tmp_path) == 3


def test_the_choice_is_told_and_marked():
    told = describe_threads(settled(OMP_NUM_THREADS='7'))
    assert told == f'{count_cores()} cores; OMP_NUM_THREADS=7, OMP_WAIT_POLICY=PASSIVE (chosen)'


def test_torch_follows():
    script = (
        'from mmcnx2.processes.threads import settle_threads; settle_threads()\n'
        'import sys; assert "torch" not in sys.modules\n'
        'import torch; print(torch.get_num_threads(), torch.__config__.parallel_info())'
    )
    bare = {name: value for name, value in os.environ.items() if name[:4] not in ('OMP_', 'MKL_')}
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, env=bare, check=True
    )
    assert done.stdout.split()[0] == str(count_cores())
