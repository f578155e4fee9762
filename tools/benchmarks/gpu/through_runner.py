"""A step as tools/train.py takes it, hooks and all, beside the bare one. Needs the toolboxes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from gpu.comparison import Step, back_to_back, compare
from gpu.networks import pretraining, training_step
from gpu.row import Row
from gpu.setting import Setting

CONFIG = 'configs/fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'
ROOT = Path(__file__).parents[3]


def measure(setting: Setting, arch: str, batch: int) -> Iterator[Row]:
    """Yield rows of the runner's step and of the bare one."""
    with tempfile.TemporaryDirectory() as folder:
        steps = {
            'through the runner': runner_step(setting, arch, batch, Path(folder)),
            'bare': training_step(
                setting, pretraining(setting, arch, 'packed', setting.ops), batch
            ),
        }
        what = f'{arch}, batch {batch}'
        yield from compare(setting, what, steps)
        # The runner waits for nothing, so it is what many steps take in a row that counts.
        rounds = 1 if setting.dry else 2 * setting.rounds
        runner, bare = (back_to_back(setting, step, rounds)[1] for step in steps.values())
    rate = setting.batch(batch) / runner
    yield Row(
        f'{what}: the runner',
        {'images/s': rate, 'over_the_bare_step': runner / bare},
        measures={'images/s through the runner': rate, 'runner over the bare step': runner / bare},
    )


def runner_step(setting: Setting, arch: str, batch: int, folder: Path) -> Step:
    """Return one iteration of a runner's loop, the next batch of pictures in memory included."""
    from mmengine.config import Config
    from mmengine.registry import DATASETS
    from mmengine.runner import Runner

    from mmcnx2.compat import amp_off_without_gpu

    cfg = Config.fromfile(ROOT / CONFIG)
    cfg.model.backbone.update(arch=setting.arch(arch), ops=setting.ops)
    cfg.model.neck.update(ops=setting.ops)
    cfg.work_dir, cfg.log_level = str(folder), 'ERROR'
    cfg.experiment_name = f'measured-{folder.name}'
    amp_off_without_gpu(cfg)
    cfg.train_dataloader.update(
        batch_size=setting.batch(batch),
        num_workers=0 if setting.dry else 8,
        persistent_workers=not setting.dry,
        pin_memory=not setting.dry,
    )
    cfg.train_dataloader.dataset = dict(
        type=Pictures.__name__, count=setting.batch(batch), pixels=setting.pixels
    )
    DATASETS.register_module(module=Pictures, force=True)
    runner = Runner.from_cfg(cfg)
    loop = runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
    runner.optim_wrapper.initialize_count_status(runner.model, 0, loop.max_iters)
    for moment in ('before_run', 'before_train', 'before_train_epoch'):
        runner.call_hook(moment)
    runner.model.train()
    batches = iter(loop.dataloader)

    def step() -> None:
        loop.run_iter(0, next(batches))

    return step


class Pictures(torch.utils.data.Dataset):
    """As many random pictures, uint8, as any run takes; all are the same few in memory."""

    def __init__(self, count: int, pixels: int):
        from mmpretrain.structures import DataSample

        self.images = torch.randint(256, (count, 3, pixels, pixels), dtype=torch.uint8)
        self.sample = DataSample()

    def __len__(self) -> int:
        return 1000 * len(self.images)

    def __getitem__(self, i: int) -> dict:
        return dict(inputs=self.images[i % len(self.images)], data_samples=self.sample)
