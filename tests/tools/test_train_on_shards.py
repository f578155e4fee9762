"""tools/train.py on shards from the command line, resumed within an epoch."""

import os
import subprocess
import sys
from pathlib import Path

from mmengine.config import Config

from tests.support.shards import make_shards
from tests.support.toy_config import shorten, shrink

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_shards.py'


def test_trains_and_resumes_within_an_epoch(tmp_path):
    shards = make_shards(tmp_path, 10, size=32)
    cfg = shorten(shrink(Config.fromfile(CONFIG)))
    cfg.train_dataloader.batch_size = 2
    cfg.dump(tmp_path / CONFIG.name)

    def train(*options) -> str:
        run = subprocess.run(
            [sys.executable, str(ROOT / 'tools/train.py'), CONFIG.name, *options, '--cfg-options',
             f'data_root={shards}', 'train_dataloader.dataset.pipeline.1.scale=64',
             'default_hooks.checkpoint.by_epoch=False', 'default_hooks.checkpoint.interval=3'],
            cwd=tmp_path,
            env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
        )  # fmt: skip
        assert run.returncode == 0, f'{run.stdout[-2000:]}\n{run.stderr[-4000:]}'
        return run.stdout + run.stderr

    said = train()
    assert 'Epoch(train) [1][5/5]' in said
    checkpoint = tmp_path / 'work_dirs' / CONFIG.stem / 'iter_3.pth'
    said = train('--resume', str(checkpoint))
    assert 'resumed epoch: 0, iter: 3' in said
    assert said.count('Epoch(train) [1]') == 2, 'not the two steps that were left'
