"""Nothing between the beginning and the end of a step waits for the device."""

import sys

import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.engine.optimizers import joined
from tests.support.short_pretraining import pre_train, render
from tests.support.waiting import Begin, End, ListsTravel, PretendDevice, Waits


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    return render(tmp_path_factory.mktemp('scenes'))


@pytest.fixture
def device(monkeypatch):
    """A device that the runner takes for the machine's, with optimizers that are fused on it."""
    monkeypatch.setattr('mmengine.runner.runner.get_device', lambda: 'meta')
    monkeypatch.setattr(joined, '_FUSED_ON', ('meta',))
    adam = sys.modules[torch.optim.Adam.__module__]
    monkeypatch.setattr(adam, '_device_dtype_check_for_fused', lambda *_, **__: None)
    return PretendDevice()


OPTIONS = {
    'default_hooks.logger.interval': 50,
    'default_hooks.checkpoint.interval': 100,
    'default_hooks.checkpoint.save_last': False,
}


def train(device: PretendDevice, pictures, work_dir, *hooks: Hook, **options):
    with device, ListsTravel(device):
        return pre_train(
            pictures, work_dir, Begin(device), *hooks, End(device), options=OPTIONS | options
        )


@pytest.mark.parametrize('ops', ['torch', 'triton'])
@pytest.mark.parametrize('clip', [None, dict(max_norm=1.0)], ids=['', 'clipped'])
def test_no_step_of_pre_training_waits(device, pictures, tmp_path, ops, clip):
    options = {'model.backbone.ops': ops, 'model.neck.ops': ops}
    options |= {'optim_wrapper.clip_grad': clip} if clip else {}
    runner = train(device, pictures, tmp_path, **options)
    assert device.steps == 4
    hub = runner.message_hub
    names = ['train/loss', *(['train/grad_norm'] if clip else [])]
    assert all(len(hub.get_scalar(name).data[0]) == 4 for name in names)


class Impatient(Hook):
    """Reads the loss of a step as soon as it is there."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        outputs['loss'].detach().item()


@pytest.mark.parametrize(
    ('hooks', 'options'),
    [
        ([Impatient()], {}),
        ([], {'default_hooks.runtime_info.type': 'RuntimeInfoHook'}),
        ([], {'optim_wrapper.optimizer.fused': False}),
        ([], {'model.data_preprocessor.non_blocking': False}),
        # The toolbox's turns channels by a list, which is copied to the device first.
        (
            [],
            {
                'model.data_preprocessor.type': 'SelfSupDataPreprocessor',
                'model.data_preprocessor.non_blocking': True,
            },
        ),
    ],
    ids=['read at once', 'mmengines hook', 'not fused', 'blocking copy', 'index'],
)
def test_a_step_that_waits_is_found(device, pictures, tmp_path, hooks, options):
    with pytest.raises(Waits):
        train(device, pictures, tmp_path, *hooks, **options)
