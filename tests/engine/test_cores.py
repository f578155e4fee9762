"""Loading processes and threads are no more than there are cores, unless the user wants them."""

import pytest
import torch
from mmengine.config import Config

from mmcnx2.engine import cores
from mmcnx2.engine.cores import share_out_cores


@pytest.fixture
def machine(monkeypatch):
    """``machine(cores, gpu, chosen)`` is another machine; returns the threads that torch is set."""
    threads = []

    def pretend(number: int, *, gpu: bool = False, chosen: bool = True) -> list[int]:
        monkeypatch.setattr(cores, 'own_cores', lambda: number)
        monkeypatch.setattr(cores, 'is_chosen', lambda name: chosen)
        monkeypatch.setattr(torch.accelerator, 'is_available', lambda: gpu)
        monkeypatch.setattr(torch, 'get_num_threads', lambda: number)
        monkeypatch.setattr(torch, 'set_num_threads', threads.append)
        return threads

    return pretend


def config(workers: int = 8) -> Config:
    loader = dict(num_workers=workers, persistent_workers=True, prefetch_factor=4)
    return Config(dict(train_dataloader=loader, val_dataloader=dict(num_workers=4)))


@pytest.mark.parametrize(
    ('number', 'gpu', 'train', 'val', 'threads'),
    [
        (2, False, 0, 0, []),
        (4, False, 1, 1, [3]),
        (16, False, 4, 4, [12]),
        (64, False, 8, 4, [56]),
        (1, True, 1, 1, []),
        (4, True, 3, 3, []),
        (64, True, 8, 4, []),
    ],
)
def test_cores_are_shared_out(machine, number, gpu, train, val, threads):
    set_to = machine(number, gpu=gpu)
    cfg = config()
    said = share_out_cores(cfg)
    assert (cfg.train_dataloader.num_workers, cfg.val_dataloader.num_workers) == (train, val)
    assert set_to == threads
    assert ('train_dataloader.num_workers is' in said) == (train < 8)


def test_without_workers_nothing_is_asked_of_them(machine):
    machine(2)
    cfg = config()
    share_out_cores(cfg)
    assert cfg.train_dataloader == dict(num_workers=0, persistent_workers=False)
    torch.utils.data.DataLoader(range(2), **cfg.train_dataloader)


def test_what_the_user_says_stays(machine):
    threads = machine(4, chosen=False)
    cfg = config()
    said = share_out_cores(cfg, given={'train_dataloader.num_workers': 8})
    assert cfg.train_dataloader.num_workers == 8 and cfg.val_dataloader.num_workers == 1
    assert 'val_dataloader.num_workers is 1, not 4' in said and 'train_dataloader' not in said
    assert threads == []


def test_the_users_workers_leave_the_threads_their_cores(machine):
    threads = machine(4)
    share_out_cores(config(), given={'train_dataloader.num_workers': 8})
    assert threads == [3]


def test_no_data_loader_is_no_hindrance(machine):
    machine(2)
    assert share_out_cores(Config(dict(val_dataloader=None))).startswith('Cores: ')
