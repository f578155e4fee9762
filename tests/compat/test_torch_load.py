"""``torch.load`` reads what mmengine's runner writes, and still refuses what could run code."""

import os
import pickle
from types import ModuleType

import numpy as np
import pytest
import torch

import mmcnx2  # noqa: F401  (allows mmengine's classes)
from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.compat import torch_load

pytest.importorskip('mmengine')
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import BaseMetric
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner


class OnePixelModel(BaseModel):
    """The smallest thing that trains."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs, mode='tensor'):
        out = self.layer(inputs)
        return dict(loss=out.square().mean()) if mode == 'loss' else list(out)


class Mean(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [sample.mean().item() for sample in data_samples]

    def compute_metrics(self, results):
        return dict(mean=np.float64(np.mean(results)))


def make_runner(work_dir, *, epochs, resume=False):
    loader = dict(
        dataset=[dict(inputs=torch.ones(1))] * 4,
        batch_size=2,
        sampler=dict(type=DefaultSampler, shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
    return Runner(
        OnePixelModel(),
        str(work_dir),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        val_cfg=dict(),
        val_evaluator=dict(type=Mean),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1)),
        param_scheduler=[
            dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=2),
            dict(type='CosineAnnealingLR', T_max=4, by_epoch=True),
        ],
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=1, save_best='mean', rule='greater')
        ),
        custom_hooks=[dict(type='EMAHook')],
        resume=resume,
        experiment_name=f'{work_dir.name}-{epochs}',
    )


@pytest.fixture
def finished_run(tmp_path):
    make_runner(tmp_path, epochs=1).train()
    return tmp_path


def test_a_training_checkpoint_loads(finished_run):
    checkpoint = torch.load(finished_run / 'epoch_1.pth', weights_only=True)
    buffers = checkpoint['message_hub']['log_scalars']
    assert isinstance(buffers['train/loss'], HistoryBuffer)


def test_a_run_resumes(finished_run):
    runner = make_runner(finished_run, epochs=2, resume=True)
    runner.train()
    assert (runner.epoch, runner.iter) == (2, 4)
    assert (finished_run / 'epoch_2.pth').exists()


@pytest.mark.parametrize('core', ['numpy.core', 'numpy._core'])
def test_both_names_of_numpys_core_are_read(tmp_path, core):
    """numpy 1 wrote ``numpy.core`` into its files, numpy 2 writes ``numpy._core``."""
    file = tmp_path / 'scalars.pth'
    saved = dict(scalar=np.float64(0.5), array=np.arange(3, dtype=np.int64))
    torch.save(
        saved, file, pickle_module=_renaming_pickle(core), _use_new_zipfile_serialization=False
    )
    assert f'{core}.multiarray'.encode() in file.read_bytes()
    loaded = torch.load(file, weights_only=True)
    assert loaded['scalar'] == 0.5
    np.testing.assert_array_equal(loaded['array'], saved['array'])


@pytest.mark.parametrize('code', '?bhilqBHILQefdg')
def test_numbers_of_every_type_are_read(tmp_path, code):
    value = np.zeros(2, dtype=code)
    torch.save(dict(array=value, scalar=value[0]), tmp_path / 'numbers.pth')
    assert torch.load(tmp_path / 'numbers.pth', weights_only=True)['array'].dtype == value.dtype


class RunsCode:
    """Unpickling this would call ``os.system``."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    evidence = tmp_path / 'it_ran'
    torch.save(dict(state_dict=RunsCode(f'touch {evidence}')), tmp_path / 'stranger.pth')
    with pytest.raises(pickle.UnpicklingError, match='system'):
        torch.load(tmp_path / 'stranger.pth')
    assert not evidence.exists()


class ReachesForCode:
    """Unpickling this would call ``getattr`` on something that mmengine does not store."""

    def __init__(self, owner, name):
        self.reach = owner, name

    def __reduce__(self):
        return getattr, self.reach


@pytest.mark.parametrize(
    'owner, name',
    [(HistoryBuffer, '__init__'), (HistoryBuffer, 'update'), (torch.Tensor, 'mean'), ('a', 'join')],
    ids=str,
)
def test_getattr_reaches_the_statistics_of_a_history_buffer_only(tmp_path, owner, name):
    torch.save(dict(meta=ReachesForCode(owner, name)), tmp_path / 'stranger.pth')
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / 'stranger.pth')


def test_mmengine_refuses_it_too(tmp_path):
    from mmengine.runner import load_checkpoint

    evidence = tmp_path / 'it_ran'
    torch.save(dict(state_dict=RunsCode(f'touch {evidence}')), tmp_path / 'stranger.pth')
    # The second where mmcnx2.models has taught mmengine to read.
    with pytest.raises((pickle.UnpicklingError, CheckpointError), match='system'):
        load_checkpoint(OnePixelModel(), str(tmp_path / 'stranger.pth'))
    assert not evidence.exists()


def test_allowing_twice_changes_nothing():
    before = torch.serialization.get_safe_globals()
    torch_load.allow_mmengine_classes()
    assert len(torch.serialization.get_safe_globals()) == len(before)


def _renaming_pickle(core):
    """A pickle module that writes numpy's core under the given name."""

    class RenamingPickler(pickle._Pickler):
        def save_global(self, obj, name=None):
            if (getattr(obj, '__module__', None) or '').startswith(('numpy.core', 'numpy._core')):
                self.write(f'c{core}.multiarray\n{obj.__name__}\n'.encode())
                self.memoize(obj)
            else:
                super().save_global(obj, name)

    module = ModuleType('renaming_pickle')
    module.Pickler = RenamingPickler
    module.dump = lambda obj, file, protocol: RenamingPickler(file, protocol).dump(obj)
    return module
