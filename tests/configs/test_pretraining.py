"""What docs/pretrain.md says of a folder's pre-training: the first loss, and smaller patches."""

import re
import shlex

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner

from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.engine.launch import read_config
from mmcnx2.shared_options import read_settings
from tests.support.configs import CONFIGS
from tests.support.pictures import encode, photograph
from tests.support.toy_config import shorten

FOLDER = CONFIGS / 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
PAGE = CONFIGS.parent / 'docs/pretrain.md'

PICTURES = {
    'noise': lambda rng: rng.integers(256, size=(224, 224, 3)),
    'a photograph': lambda rng: np.asarray(photograph(224, 224)),
    'faint': lambda rng: 20 + rng.integers(3, size=(224, 224, 3)),
    'of one color': lambda rng: np.full((224, 224, 3), 99),
    'a ramp': lambda rng: np.add.outer(np.arange(224), np.arange(224))[..., None] / 2 + np.zeros(3),
}


def first_loss(picture: np.ndarray) -> float:
    """The loss of the folder's model, as it is built, on a batch of two of a picture."""
    cfg = read_config(str(FOLDER))
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    images = torch.from_numpy(np.stack([picture] * 2).astype(np.uint8)).permute(0, 3, 1, 2)
    data = model.data_preprocessor(dict(inputs=images, data_samples=None), training=True)
    with torch.no_grad():
        return model(**data, mode='loss')['loss'].item()


@pytest.mark.parametrize('kind', PICTURES)
def test_a_run_begins_at_one_whatever_the_pictures(kind):
    assert first_loss(PICTURES[kind](np.random.default_rng(0))) == pytest.approx(1.005, abs=0.004)


def small_patches() -> dict:
    """The options that the page gives for them, as a command line is read."""
    (command,) = (
        block for block in re.findall(r'```sh\n(.*?)```', PAGE.read_text(), re.S)
        if 'stem_patch_size' in block
    )  # fmt: skip
    words = shlex.split(command.replace('\\\n', ' '))
    return read_settings([word for word in words if '=' in word])


def test_patches_of_16_px_take_the_options_that_the_page_gives(tmp_path):
    options = small_patches()
    assert sum('patch_size' in key for key in options) == 3
    for i in range(4):
        (tmp_path / f'{i}.png').write_bytes(encode(photograph(64, 64, seed=i), 'PNG'))
    cfg = shorten(read_config(str(FOLDER), options=dict(options, data_root=str(tmp_path))))
    cfg.work_dir = str(tmp_path / 'run')
    amp_off_without_gpu(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.model.masking(1, 4, 4).shape == (1, 4, 4)
    assert runner.model.backbone.strides[-1] == 16
    assert runner.message_hub.get_scalar('train/loss').current() == pytest.approx(1, abs=0.1)
