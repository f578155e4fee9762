"""Without a GPU torchrun's processes talk over gloo; with one, mmengine does as it always did.

That a run then trains is shown by tests/tools/test_train_sharded.py.
"""

from datetime import timedelta

import pytest
import torch.distributed as dist
from mmengine.config import Config

from mmcnx2.compat import join_processes_without_gpu, processes_on_cpu


@pytest.fixture
def joined(monkeypatch) -> list:
    """Stand for the processes: what they would be joined by."""
    calls = []
    monkeypatch.setattr(
        dist, 'init_process_group', lambda backend, timeout: calls.append((backend, timeout))
    )
    monkeypatch.setattr(processes_on_cpu, 'has_accelerator', lambda: False)
    return calls


def test_they_join_over_gloo_and_ddp_is_told_of_no_device(joined):
    cfg = Config(dict(launcher='pytorch', find_unused_parameters=True))
    assert join_processes_without_gpu(cfg)
    assert joined == [('gloo', None)]
    assert cfg.model_wrapper_cfg == dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=True,
    )


def test_they_wait_for_each_other_as_long_as_the_config_says(joined):
    waits = dict(dist_cfg=dict(timeout=9))
    join_processes_without_gpu(Config(dict(launcher='pytorch', env_cfg=waits)))
    assert joined == [('gloo', timedelta(seconds=9))]


def test_what_the_config_says_of_ddp_wins(joined):
    cfg = Config(dict(launcher='pytorch', model_wrapper_cfg=dict(broadcast_buffers=True)))
    join_processes_without_gpu(cfg)
    assert cfg.model_wrapper_cfg.broadcast_buffers and cfg.model_wrapper_cfg.device_ids is None


@pytest.mark.parametrize(
    'other',
    [
        dict(runner_type='mmcnx2.ShardedRunner'),
        dict(model_wrapper_cfg=dict(type='MMFullyShardedDataParallel')),
    ],
)
def test_other_wrappers_are_left_alone(other, joined):
    cfg = Config(dict(launcher='pytorch', **other))
    before = cfg.to_dict()
    assert join_processes_without_gpu(cfg)
    assert cfg.to_dict() == before


@pytest.mark.parametrize(
    ('launcher', 'gpu'), [('none', False), ('slurm', False), ('pytorch', True)]
)
def test_otherwise_nothing_happens(launcher, gpu, joined, monkeypatch):
    monkeypatch.setattr(processes_on_cpu, 'has_accelerator', lambda: gpu)
    cfg = Config(dict(launcher=launcher))
    assert not join_processes_without_gpu(cfg)
    assert not joined and 'model_wrapper_cfg' not in cfg
