"""Two epochs of a tiny FCMAE on rendered pictures, with hooks to look at it."""

import json
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from demo.scenes import SceneSettings, build
from mmengine.config import Config
from mmengine.runner import Runner

from mmcnx2.compat import amp_off_without_gpu
from tests.support.command_line import ROOT
from tests.support.toy_config import shorten, shrink

_numbers = count()
CONFIG = ROOT / 'configs/demo/fcmae_convnextv2-atto_1xb64-100e_scenes.py'


def render(root: Path) -> Path:
    """Render eight unlabelled pictures of 64 px, and return their folder."""
    settings = SceneSettings(size=64, unlabelled=8, train=0, val=0)
    build(root, settings, workers=1, progress=False)
    return root / 'unlabelled'


def pre_train(pictures: Path, work_dir: Path, *hooks, **options) -> Runner:
    """Train two epochs of two steps, with drop path, from one seed.

    Args:
        pictures: Folder to train on.
        work_dir: Folder of the run.
        hooks: Built or as configs, to register beside the default ones.
        options: As for :func:`short_config`.
    """
    runner = Runner.from_cfg(short_config(pictures, work_dir, **options))
    for hook in hooks:
        runner.register_hook(hook)
    runner.train()
    return runner


def short_config(
    pictures: Path,
    work_dir: Path,
    *,
    backbone: Mapping | None = None,
    backends: Sequence[str] = ('LocalVisBackend',),
    options: Mapping | None = None,
) -> Config:
    """Return the config of such a training.

    Args:
        pictures: Folder to train on.
        work_dir: Folder of the run.
        backbone: Options of the backbone.
        backends: Of the visualizer.
        options: What ``--cfg-options`` would say.
    """
    cfg = shorten(shrink(Config.fromfile(CONFIG)))
    cfg.randomness = dict(seed=7)
    cfg.train_cfg.max_epochs = 2
    cfg.model.backbone.update(drop_path_rate=0.3, **(backbone or {}))
    cfg.visualizer.vis_backends = [dict(type=backend) for backend in backends]
    cfg.train_dataloader.dataset.data_root = str(pictures)
    cfg.train_dataloader.dataset.pipeline[1].scale = 64
    cfg.work_dir = str(work_dir)
    # mmengine's loggers go by name and second, and two short runs fit into one.
    cfg.experiment_name = f'short-{next(_numbers)}'
    cfg.custom_hooks = []
    cfg.merge_from_dict(dict(options or {}))
    amp_off_without_gpu(cfg)
    return cfg


def assert_same_weights(one: Runner, other: Runner) -> None:
    """Fail unless two runs ended in the same bits."""
    for (key, value), twin in zip(
        one.model.state_dict().items(), other.model.state_dict().values(), strict=True
    ):
        assert value.equal(twin), f'{key} differs'


def logged(work_dir: Path) -> list[dict]:
    """Return the numbers that each training step logged."""
    rows = next(work_dir.glob('*/vis_data/scalars.json')).read_text().splitlines()
    return [row for row in map(json.loads, rows) if 'loss' in row]
