"""A command writes a config and runs it, goes on exactly, and is refused before it begins."""

import json
import os
from pathlib import Path

import pytest
import torch
from demo.scenes import SceneSettings, build
from mmengine.config import Config

import mmcnx2
from mmcnx2.apis import Run
from mmcnx2.apis.calls import CallError
from mmcnx2.engine.hooks import ProgressHook
from tests.support.in_process import run as run_tool
from tests.support.toy import ARCH

TOY = {'model.backbone.arch': ARCH, 'model.neck.embed_dims': 16}
"""A small network; --set reaches what no option does."""


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=6, train=20, val=10), workers=1, progress=False)
    return root


@pytest.fixture
def pretrain(scenes, monkeypatch):
    """Pre-train a toy; loggers of one second and name would be one."""

    def call(out, images=scenes / 'unlabelled', **options):
        options = dict(batch_size=2, workers=0, device='cpu', set=TOY) | options
        return mmcnx2.pretrain(images, out=out, **options)

    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    return call


def weights(run: Run | Path) -> dict:
    path = run.checkpoint if isinstance(run, Run) else str(run)
    return torch.load(path, weights_only=True)['state_dict']


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_the_config_alone_gives_the_same_weights_bit_for_bit(pretrain, tmp_path, capsys):
    run = pretrain(tmp_path / 'run', epochs=2)
    assert capsys.readouterr().out.count('Found 6 images') == 1
    moved = tmp_path / 'elsewhere.py'
    moved.write_text(Path(run.config).read_text())
    run_tool('train.py', moved, '--work-dir', tmp_path / 'again')
    assert same(weights(run), weights(tmp_path / 'again/epoch_2.pth'))


def test_the_config_is_whole_and_says_what_was_asked_for(pretrain, scenes, tmp_path):
    run = pretrain(tmp_path / 'run', epochs=7, lr=1e-3, mask_ratio=0.5, size=96, config_only=True)
    assert sorted(path.name for path in Path(run.folder).iterdir()) == [
        '.mmcnx2-command', 'command.json', 'config.py',
    ]  # fmt: skip
    text = Path(run.config).read_text()
    assert '_base_' not in text
    cfg = Config.fromfile(run.config)
    assert cfg.train_cfg.max_epochs == 7
    assert cfg.optim_wrapper.optimizer.lr == 1e-3
    assert cfg.model.masking.ratio == 0.5
    assert cfg.train_dataloader.dataset.pipeline[1].scale == 96
    assert cfg.train_dataloader.dataset.data_root == str(scenes / 'unlabelled')
    assert cfg.randomness.seed == 0
    assert os.path.isabs(cfg.work_dir)


def test_the_rate_follows_the_batch_and_the_length_the_images(pretrain, tmp_path, capsys):
    run = pretrain(tmp_path / 'run', config_only=True)
    assert run.arguments['lr'] == pytest.approx(1.5e-4 * 2 / 256)
    assert run.arguments['epochs'] == 800, 'few images take as many passes as the paper makes'
    assert run.arguments['size'] == 64, 'no larger than the images'
    assert '800 epochs of 6 images, 2 a step: 2400 steps' in capsys.readouterr().out


def stop(hook: ProgressHook, runner, *args, **kwargs) -> None:
    """End a run in the midst of its second epoch."""
    if runner.iter == 4:
        raise KeyboardInterrupt


def test_the_same_call_goes_on_exactly(pretrain, tmp_path, monkeypatch):
    whole = pretrain(tmp_path / 'whole', epochs=3)
    with monkeypatch.context() as patched:
        patched.setattr(ProgressHook, 'after_train_iter', stop)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            pretrain(tmp_path / 'stopped', epochs=3)
    stopped = Run.open(tmp_path / 'stopped')
    assert stopped.checkpoint.endswith('epoch_1.pth')
    assert same(weights(pretrain(tmp_path / 'stopped', epochs=3)), weights(whole))


def test_a_run_may_become_longer_and_nothing_else(pretrain, tmp_path, capsys):
    assert pretrain(tmp_path / 'run', epochs=1).checkpoint.endswith('epoch_1.pth')
    for options, said in (
        (dict(epochs=1, lr=1.0), 'lr was .* and is now 1.0: use --overwrite'),
        (dict(epochs=1, seed=3), 'seed was 0 and is now 3'),
    ):
        with pytest.raises(ValueError, match=said):
            pretrain(tmp_path / 'run', **options)
    with pytest.raises(FileExistsError, match='holds a run of `mmcnx2 pretrain`'):
        mmcnx2.finetune(tmp_path, out=tmp_path / 'run')
    longer = pretrain(tmp_path / 'run', epochs=2)
    assert 'epochs is 2 from now on (was 1).' in capsys.readouterr().out
    assert longer.checkpoint.endswith('epoch_2.pth')


def test_overwrite_moves_aside_what_is_there(pretrain, tmp_path):
    folder = tmp_path / 'run'
    before = weights(pretrain(folder, epochs=1))
    pretrain(folder, epochs=1, seed=1, overwrite=True)
    assert same(weights(folder / 'old-1/epoch_1.pth'), before)
    assert not same(weights(Run.open(folder)), before)
    assert json.loads((folder / 'old-1/command.json').read_text())['arguments']['seed'] == 0


def test_a_folder_of_somebody_elses_is_left_alone(pretrain, tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(OSError, match='holds files that this tool did not make'):
        pretrain(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['notes.txt']


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (dict(resume=True), "resume goes on with a run, but '.*' holds none"),
        (dict(from_='nowhere.pth'), "checkpoint 'nowhere.pth' does not exist"),
        (dict(set={'typo.key': 1}), 'typo'),
        (dict(gpus=99), 'gpus is 99, but this machine has'),
    ],
)
def test_what_cannot_run_leaves_no_trace(options, said, pretrain, tmp_path):
    with pytest.raises((ValueError, OSError), match=said):
        pretrain(tmp_path / 'run', **options)
    assert not (tmp_path / 'run').exists()


def test_a_folder_without_images_is_refused(pretrain, tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='holds no image'):
        pretrain(tmp_path / 'run', images=tmp_path / 'empty')


def test_weights_of_another_size_are_refused(pretrain, tmp_path):
    run = pretrain(tmp_path / 'run', epochs=1)
    with pytest.raises(CallError, match="model is nano, but '.*' holds weights of"):
        pretrain(tmp_path / 'other', from_=run, model='nano')
    again = pretrain(tmp_path / 'other', from_=run, set=None, config_only=True)
    assert Config.fromfile(again.config).model.backbone.arch == ARCH


def test_the_tools_of_a_run_take_its_folder(pretrain, scenes, tmp_path):
    run = pretrain(tmp_path / 'run', epochs=1)
    mmcnx2.reconstruct(run, scenes / 'unlabelled', out=tmp_path / 'filled.png')
    assert (tmp_path / 'filled.png').stat().st_size > 1000
    with pytest.raises(ValueError, match='is pre-trained alone and predicts nothing'):
        mmcnx2.predict(run, scenes / 'unlabelled', out=tmp_path / 'drawn')


def test_a_size_that_patches_do_not_divide_is_refused_by_its_name(pretrain, tmp_path):
    for size in (65, 32):
        with pytest.raises(CallError, match=f'size is {size}, but a multiple of 32'):
            pretrain(tmp_path / 'run', size=size)
    assert not (tmp_path / 'run').exists()
