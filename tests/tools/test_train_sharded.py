"""tools/train.py under torchrun on a CPU: FSDP2, then DDP from its checkpoint."""

import re

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from tests.support.command_line import ROOT, passed, torchrun
from tests.support.toy_config import shorten, shrink

CONFIG = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'


@pytest.fixture
def config(tmp_path):
    """Four images for each of two processes, two at a time."""
    folder = tmp_path / 'images'
    folder.mkdir()
    for i in range(8):
        pixels = np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f'{i}.png')
    cfg = shorten(shrink(Config.fromfile(CONFIG)))
    cfg.train_dataloader.batch_size = 2
    cfg.train_dataloader.dataset.data_root = str(folder)
    cfg.train_dataloader.dataset.pipeline[1].scale = 64
    cfg.custom_hooks = []
    cfg.dump(tmp_path / 'toy.py')
    return tmp_path / 'toy.py'


def test_sharded_then_not(config, tmp_path):
    train = ['train.py', config, '--resume', '--work-dir', tmp_path / 'run', '--cfg-options']
    said = passed(torchrun(*train, 'runner_type=mmcnx2.ShardedRunner', cwd=tmp_path))
    assert 'Epoch(train) [1][2/2]' in said
    first = torch.load(tmp_path / 'run/epoch_1.pth', weights_only=True)
    assert all(type(value) is torch.Tensor for value in first['state_dict'].values())

    said = passed(torchrun(*train, 'train_cfg.max_epochs=2', cwd=tmp_path))
    assert re.search(r'Resuming from .*epoch_1\.pth', said)
    assert 'Epoch(train) [1]' not in said and 'Epoch(train) [2][2/2]' in said
