"""``amp_off_without_gpu`` turns mixed precision off where it cannot run, and only there."""

import logging

import pytest

pytest.importorskip('mmengine')
from mmengine.config import Config
from mmengine.optim import AmpOptimWrapper, OptimWrapper

from mmcnx2.compat import amp_off_without_gpu, amp_on_cpu


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(amp_on_cpu, 'has_accelerator', lambda: False)


def amp_config(**options):
    optimizer = dict(type='AdamW', lr=1e-3)
    return Config(dict(optim_wrapper=dict(optimizer=optimizer, **options)))


@pytest.mark.parametrize(
    'wrapper', ['AmpOptimWrapper', 'mmengine.AmpOptimWrapper', AmpOptimWrapper], ids=str
)
def test_without_a_gpu_the_wrapper_is_replaced(no_gpu, wrapper):
    cfg = amp_config(
        type=wrapper, dtype='bfloat16', loss_scale='dynamic', use_fsdp=False, accumulative_counts=2
    )
    assert amp_off_without_gpu(cfg)
    assert cfg.optim_wrapper.to_dict() == dict(
        type='OptimWrapper', accumulative_counts=2, optimizer=dict(type='AdamW', lr=1e-3)
    )


def test_it_says_so_in_one_line(no_gpu, caplog):
    with caplog.at_level(logging.WARNING):
        amp_off_without_gpu(amp_config(type='AmpOptimWrapper'), logger=logging.getLogger('here'))
    assert [record.name for record in caplog.records] == ['here']
    assert '\n' not in caplog.text.strip() and 'float32' in caplog.text


@pytest.mark.parametrize('wrapper', ['OptimWrapper', 'ApexOptimWrapper', OptimWrapper], ids=str)
def test_other_wrappers_are_left_alone(no_gpu, wrapper):
    cfg = amp_config(type=wrapper, accumulative_counts=2)
    before = cfg.to_dict()
    assert not amp_off_without_gpu(cfg)
    assert cfg.to_dict() == before


def test_a_config_without_an_optimizer_is_left_alone(no_gpu):
    assert not amp_off_without_gpu(Config(dict(model=dict())))
    assert not amp_off_without_gpu(Config(dict(optim_wrapper=dict(optimizer=dict(type='SGD')))))


def test_with_an_accelerator_nothing_changes(monkeypatch):
    monkeypatch.setattr(amp_on_cpu, 'has_accelerator', lambda: True)
    cfg = amp_config(type='AmpOptimWrapper', dtype='bfloat16')
    assert not amp_off_without_gpu(cfg)
    assert cfg.optim_wrapper.dtype == 'bfloat16'
