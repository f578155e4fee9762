"""The benchmarks run, at sizes that say nothing about speed, and print what they promise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parents[2] / 'tools' / 'benchmarks'


def run(script: str, *arguments: str) -> subprocess.CompletedProcess:
    environment = dict(os.environ, OMP_NUM_THREADS='1')
    return subprocess.run(
        [sys.executable, '-W', 'ignore', FOLDER / script, *arguments],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip('|').split('|')]


def test_fcmae_step_prints_a_row_a_layout():
    small = ('--arch', 'atto', '--batch-size', '1', '--size', '64', '--rounds', '1')
    done = run('fcmae_step.py', *small, '--layouts', 'masked', 'packed')
    assert done.returncode == 0, done.stderr
    head, _, masked, packed, *_ = done.stdout.splitlines()
    assert cells(head)[:5] == ['arch', 'layout', 'device', 'dtype', 'batch']
    assert cells(head)[5:8] == ['ms a step', 'images/s', 'peak MiB']
    assert cells(masked)[:5] == ['atto', 'masked', 'cpu', 'float32', '1']
    assert cells(masked)[8:] == ['1.00', '1.00']
    assert cells(packed)[1] == 'packed' and float(cells(packed)[5]) > 0


def test_fcmae_step_wants_a_batch_an_arch():
    done = run('fcmae_step.py', '--arch', 'atto', 'tiny', 'base', '--batch-size', '1', '2')
    assert done.returncode == 2
    assert '--batch-size has 2 values for 3 archs: give one, or one an arch.' in done.stderr


def test_fcmae_profile_splits_a_step_into_kinds_that_add_up():
    small = ('--arch', 'atto', '--batch-size', '1', '--size', '64', '--steps', '1')
    done = run('fcmae_profile.py', *small)
    assert done.returncode == 0, done.stderr
    lines = [cells(line) for line in done.stdout.splitlines() if line.startswith('|')]
    assert lines[0] == ['kind', 'masked, ms', 'share', 'packed, ms', 'share']
    rows = {kind: [float(cell) for cell in row[::2]] for kind, *row in lines[2:]}
    whole = rows.pop('all')
    for i, layout in enumerate(('masked', 'packed')):
        parts = [row[i] for row in rows.values()]
        assert whole[i] > 0 and abs(sum(parts) - whole[i]) < 1, layout
    assert rows['masking'][0] > 0 and rows['masking'][1] == 0
    assert rows['matrix products'][1] > 0


def test_dense_step_compares_with_each_peer():
    done = run('dense_step.py', *'--arch atto --batch-size 1 --size 64 --rounds 1'.split())
    assert done.returncode == 0, done.stderr
    head, _, inference, training, *_ = done.stdout.splitlines()
    assert cells(head)[2:6] == [
        f'{name}, ms' for name in ('mmcnx2', 'timm', 'timm, channels_last', 'mmpretrain')
    ]
    assert cells(inference)[:2] == ['atto', 'inference']
    assert cells(training)[:2] == ['atto', 'training']


@pytest.mark.skipif(torch.cuda.is_available(), reason='it would measure for minutes')
def test_gpu_table_says_that_there_is_no_gpu():
    done = run('gpu_table.py')
    assert done.returncode == 1
    assert done.stderr == 'error: there is no CUDA GPU here, and this measures nothing else.\n'


def test_neighbor_times_each_environment_alone_and_beside_a_busy_process():
    small = '--arch atto --batch-size 1 --size 64 --rounds 1 --cores 1'.split()
    done = run('neighbor.py', *small)
    assert done.returncode == 0, done.stderr
    assert cells(done.stdout.splitlines()[0])[:4] == ['threads', 'number', 'idle, ms', 'busy, ms']
    lines = [cells(row) for row in done.stdout.splitlines()[2:5]]
    assert [line[0] for line in lines] == ['torch', 'mmcnx2', 'short spin']
    assert all(line[1] == '1' and float(line[4]) > 0 for line in lines)
    assert lines[0][5:] == ['1.00', '1.00']


def test_list_files_counts_time_and_memory_of_the_start():
    done = run('list_files.py', '--images', '1200')
    assert done.returncode == 0, done.stderr
    head, _, *rows = [cells(line) for line in done.stdout.splitlines()]
    assert head == ['step', 'images', 'CPU s', 'peak MiB', 'own MiB']
    assert [row[0] for row in rows] == ['list', 'data set', 'data set and digest', 'a worker']
    assert all(row[1] == '1200' for row in rows)
    assert float(rows[-1][-1]) < 20, 'a worker has no copy of its own of the list'
