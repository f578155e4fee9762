"""The benchmarks run, at sizes that say nothing about speed, and print what they promise."""

import argparse
import os
from functools import partial
from operator import mul
from pathlib import Path

import measure
import neighbor
import pytest
import torch
import train_step
from demo.scenes import SceneSettings, build
from PIL import Image

from mmcnx2.nn import ConvNeXtV2
from tests.support.exports import toy_config
from tests.support.forked_tool import tool
from tests.support.onnx_files import write_classifier


@pytest.fixture
def run(tmp_path):
    """``run(script, *arguments)`` returns what a benchmark prints, run in a process of its own."""

    def run(script: str, *arguments: str) -> str:
        done = tool(f'benchmarks/{script}', *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip('|').split('|')]


def table(said: str) -> list[list[str]]:
    """Return the cells of a Markdown table, without the rule below its head."""
    head, _, *rows = (cells(line) for line in said.splitlines() if line.startswith('|'))
    return [head, *rows]


def test_the_peak_is_that_of_a_fresh_process():
    ours = bytearray(b'1') * 2**28
    use_64_mib = partial(partial, mul, b'1', 2**26)
    assert 0.9 * 2**26 < measure.peak_memory(use_64_mib, device='cpu') < 2**27 < len(ours)


def test_fcmae_step_prints_a_row_a_layout(run):
    small = ('--arch', 'atto', '--batch-size', '1', '--size', '64', '--rounds', '1')
    head, masked, packed = table(run('fcmae_step.py', *small, '--layouts', 'masked', 'packed'))
    assert head[:5] == ['arch', 'layout', 'device', 'dtype', 'batch']
    assert head[5:8] == ['ms a step', 'images/s', 'peak MiB']
    assert masked[:5] == ['atto', 'masked', 'cpu', 'float32', '1']
    assert masked[8:] == ['1.00', '1.00']
    assert packed[1] == 'packed' and float(packed[5]) > 0


def test_fcmae_step_wants_a_batch_an_arch(tmp_path):
    wrong = '--arch atto tiny base --batch-size 1 2'.split()
    done = tool('benchmarks/fcmae_step.py', *wrong, cwd=tmp_path)
    assert done.returncode == 2
    assert '--batch-size has 2 values for 3 archs: give one, or one an arch.' in done.stderr


def test_fcmae_profile_splits_a_step_into_kinds_that_add_up(run):
    small = ('--arch', 'atto', '--batch-size', '1', '--size', '64', '--steps', '1')
    head, *rows = table(run('fcmae_profile.py', *small))
    assert head == ['kind', 'masked, ms', 'share', 'packed, ms', 'share']
    rows = {kind: [float(cell) for cell in row[::2]] for kind, *row in rows}
    whole = rows.pop('all')
    for i, layout in enumerate(('masked', 'packed')):
        parts = [row[i] for row in rows.values()]
        assert whole[i] > 0 and abs(sum(parts) - whole[i]) < 1, layout
    assert rows['masking'][0] > 0 and rows['masking'][1] == 0
    assert rows['matrix products'][1] > 0


def test_dense_step_compares_with_each_peer(run):
    small = '--arch atto --batch-size 1 --size 64 --rounds 1'.split()
    head, inference, training = table(run('dense_step.py', *small))
    assert head[2:6] == [
        f'{name}, ms' for name in ('mmcnx2', 'timm', 'timm, channels_last', 'mmpretrain')
    ]
    assert inference[:2] == ['atto', 'inference']
    assert training[:2] == ['atto', 'training']


def test_neighbor_times_each_environment_alone_and_beside_a_busy_process(run):
    small = '--arch atto --batch-size 1 --size 64 --rounds 1 --cores 1'.split()
    head, *rows = table(run('neighbor.py', *small, '--threads', 'torch', 'mmcnx2'))
    assert head[:4] == ['threads', 'number', 'idle, ms', 'busy, ms']
    assert [row[0] for row in rows] == ['torch', 'mmcnx2']
    assert all(row[1] == '1' and float(row[4]) > 0 for row in rows)
    assert rows[0][5:] == ['1.00', '1.00']


def test_neighbor_compares_what_torch_finds_with_what_the_tools_set(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    bare, settled, short = neighbor.environments().values()
    assert not [name for name in bare if name.startswith(('OMP_', 'GOMP_', 'MMCNX2_'))]
    assert settled['OMP_WAIT_POLICY'] == 'PASSIVE' and int(settled['OMP_NUM_THREADS']) >= 1
    assert short == settled | {'GOMP_SPINCOUNT': '10000'}


@pytest.mark.slow
def test_train_step_compares_the_whole_step_with_its_products(run):
    small = '--arch atto --batch-size 1 --size 64 --rounds 1'.split()
    head, *rows = table(run('train_step.py', *small))
    assert head == ['step', 'ms', 'images/s', 'speed / ours', 'products']
    assert [row[0] for row in rows] == ['tools/train.py', 'products']
    assert rows[0][3] == '1.00' and rows[1][4] == '100%'
    assert all(float(row[1]) > 0 for row in rows)


def test_train_step_runs_another_checkouts_own_tool_and_package(tmp_path):
    args = argparse.Namespace(arch='atto', batch_size=2, size=64)
    command, environment = train_step.train(tmp_path / 'before', tmp_path / 'there', args)
    assert command[0] == str(tmp_path / 'before/tools/train.py')
    assert environment['PYTHONPATH'].split(os.pathsep)[0] == str(tmp_path / 'before')
    assert f"_base_ = '{tmp_path}/before/configs/" in Path(command[1]).read_text()
    assert 'train_dataloader.batch_size=2' in command


def test_train_step_wants_a_checkout(tmp_path):
    done = tool('benchmarks/train_step.py', '--beside', tmp_path, cwd=tmp_path)
    assert done.returncode == 2 and 'has no tools/train.py: give a checkout' in done.stderr


def test_list_files_counts_time_and_memory_of_the_start(run):
    head, *rows = table(run('list_files.py', '--images', '1200'))
    assert head == ['step', 'images', 'CPU s', 'peak MiB', 'own MiB']
    assert [row[0] for row in rows] == ['list', 'data set', 'data set and digest', 'a worker']
    assert all(row[1] == '1200' for row in rows)
    assert float(rows[-1][-1]) < 20, 'a worker has no copy of its own of the list'


def test_planted_near_duplicates_are_counted_by_kind(run):
    said = run('near_duplicates.py', '--pictures', '30', '--planted', '6', '--side', '64')
    row = cells(next(line for line in said.splitlines() if 'random weights' in line))
    assert row[3:] == ['2 of 2', '2 of 2', '2 of 2']


@pytest.mark.slow
def test_export_latency_prints_a_row_a_precision_beside_pytorch(run, tmp_path):
    pytest.importorskip('onnxruntime')
    toy_config('classifier').dump(tmp_path / 'toy.py')
    said = run('export_latency.py', 'toy.py', '--precisions', 'fp32', 'int8', '--size', '64',
               '--rounds', '1')  # fmt: skip
    head, *rows = table(said)
    assert head == ['model', 'as', 'MiB', 'CPU ms of 64 px', 'times PyTorch']
    assert [row[:2] for row in rows] == [
        ['toy', 'PyTorch fp32'], ['toy', 'fp32'], ['toy', 'int8'],
    ]  # fmt: skip
    assert rows[0][4] == '1.00' and all(float(row[3]) > 0 for row in rows)


def test_export_accuracy_counts_what_is_right_and_what_agrees(tmp_path, capsys):
    pytest.importorskip('onnxruntime')
    from argparse import Namespace

    import export_accuracy

    for name in ('a', 'b'):  # the file names every picture 'b'
        (tmp_path / name).mkdir()
        Image.new('RGB', (64, 64)).save(tmp_path / name / '1.png')
    file = write_classifier(tmp_path / 'net.onnx')
    export_accuracy.main(Namespace(files=[file, file], data=tmp_path))
    head, first, second = table(capsys.readouterr().out)
    assert head == ['file', 'MiB', 'top-1 in %', 'as the first in %']
    assert first == second and first[2:] == ['50.00', '100.00']


@pytest.mark.slow
def test_detectors_are_trained_and_scored(run, tmp_path):
    scenes, encoder = tmp_path / 'scenes', tmp_path / 'encoder.pth'
    build(scenes, SceneSettings(size=64, unlabelled=1, train=10, val=10), workers=1, progress=False)
    net = ConvNeXtV2(dict(depths=(1, 1, 4), channels=(32, 64, 128)))
    torch.save({f'backbone.{key}': value for key, value in net.state_dict().items()}, encoder)
    words = ['--from', str(encoder), '--data-root', str(scenes), '--out', str(tmp_path / 'runs')]
    words += '--minutes 0.0001 --rounds 1 --only RTMDet'.split()
    said = run('detectors.py', *words)
    head, row = table(said)
    assert head == ['detector', 's a step', 'epochs', 'AP box', 'AP mask']
    assert (row[0], row[2], row[4]) == ('RTMDet', '1', ''), 'it has found nothing yet to score'
    assert list(tmp_path.glob('runs/rtmdet*_1e/epoch_1.pth'))
