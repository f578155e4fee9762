"""The documented way to a longer schedule: on thirteen pictures, with a toy encoder."""

import math
import re
from contextlib import nullcontext
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmcnx2.compat import amp_off_without_gpu
from tests.support.command_line import ROOT
from tests.support.pictures import photograph
from tests.support.tiny_run import Watch, listen, log_of
from tests.support.toy_config import shorten, shrink

FOLDER = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
PAGE = ROOT / 'docs/pretrain.md'
WARMUP, BEFORE, AFTER = 5, 7, 400
SHORT = {'train_cfg.max_epochs': BEFORE}


def options_of_longer_runs() -> dict[str, int]:
    """Return the options in the page's row on longer runs."""
    row = next(line for line in PAGE.read_text().splitlines() if '`train_cfg.max_epochs=' in line)
    return {key: int(value) for key, value in re.findall(r'([\w.]+)=(\d+)', row.split('|')[1])}


class WatchRates(Watch):
    """Has no index to note."""

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self.rates.append(runner.optim_wrapper.param_groups[0]['lr'])


def train(pictures: Path, work_dir: Path, options: dict, stop_at: int | None = None):
    """Train with the config of a folder; return the rate of each step and the log."""
    cfg = shrink(Config.fromfile(FOLDER))
    schedule = cfg.train_cfg.max_epochs
    shorten(cfg).train_cfg.max_epochs = schedule
    cfg.merge_from_dict(options)
    cfg.train_dataloader.update(batch_size=64)
    cfg.train_dataloader.dataset.data_root = str(pictures)
    cfg.train_dataloader.dataset.pipeline[1].scale = 64
    epochs = f'{cfg.train_cfg.max_epochs} epochs'
    cfg.merge_from_dict(dict(work_dir=str(work_dir), resume=True, experiment_name=epochs))
    amp_off_without_gpu(cfg)
    runner, watch = listen(Runner.from_cfg(cfg)), WatchRates(stop_at)
    runner.register_hook(watch)
    with pytest.raises(KeyboardInterrupt) if stop_at else nullcontext():
        runner.train()
    return watch.rates, log_of(runner)


def test_the_documented_options_go_on_at_the_longer_schedules_rate(tmp_path):
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    for number in range(13):
        photograph(64, 64, seed=number).save(pictures / f'{number}.jpg')
    rates, _ = train(pictures, tmp_path / 'run', SHORT)
    assert len(rates) == BEFORE, 'thirteen pictures are one step'
    peak = 1.5e-4 * 64 / 256
    assert max(rates) == pytest.approx(peak)

    options = options_of_longer_runs()
    assert options['train_cfg.max_epochs'] == AFTER
    rates, log = train(pictures, tmp_path / 'run', options, stop_at=BEFORE + 3)
    done = [step - WARMUP for step in range(BEFORE, BEFORE + 3)]
    expected = [peak * (1 + math.cos(math.pi * step / (AFTER - WARMUP))) / 2 for step in done]
    assert rates == pytest.approx(expected, rel=1e-6)
    assert 'param_scheduler.1.T_max is 395 (2 in the checkpoint)' in log
    assert f'the schedule is rebuilt at step {BEFORE}, where the rate is {expected[0]:.4g}' in log
