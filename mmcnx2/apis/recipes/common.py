"""What all trainings decide alike."""

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mmcnx2.apis.training import set_workers

STRIDE = 32
"""Of the backbone, in pixels."""


def decide_common(
    given: Mapping[str, Any], *, images: int, batch_size: int, rate: float, per: int
) -> dict[str, Any]:
    """Decide what depends on the machine and on the number of images alone.

    Args:
        given: What the person said.
        images: Number of training images.
        batch_size: The recipe's, if nothing is said.
        rate: The recipe's peak of the learning rate ...
        per: ... for so many images a step. It grows with their number, as the paper has it.

    Returns:
        ``batch_size``, ``lr``, ``workers``, ``seed``, ``precision`` and ``gpus``.
    """
    import torch

    gpu = given.get('device', 'cuda') != 'cpu' and torch.cuda.is_available()
    decided = dict(
        batch_size=min(batch_size, images),
        workers=max(0, min(8, len(os.sched_getaffinity(0)) - 1)),
        seed=0,
        precision='bf16' if gpu else 'fp32',
        gpus=1,
        **{},
    )
    decided |= {name: given[name] for name in decided if name in given}
    step = decided['batch_size'] * decided['gpus']
    decided['lr'] = given.get('lr', rate * step / per)
    return decided


def epochs_for(images: int, step: int, *, least_steps: int, few: int, many: int) -> int:
    """Return how many passes a training takes: enough steps for a small data set.

    Args:
        images: Number of them.
        step: Images a step.
        least_steps: Steps below which little is learnt.
        few: Passes over a large data set.
        many: The most, however small it is.
    """
    return max(few, min(many, math.ceil(least_steps / max(1, images // step))))


def usual_size(sides: Sequence[int], *, largest: int, smallest: int = 64) -> int:
    """Return the side in pixels to train with: a multiple of the stride, not above the images'.

    Args:
        sides: Of some images, in pixels.
        largest: What the recipe trains with.
        smallest: Not below that, whatever the images.
    """
    middle = sorted(sides)[len(sides) // 2]
    return max(smallest, min(largest, middle // STRIDE * STRIDE))


def configure_common(cfg: Config, arguments: Mapping[str, Any]) -> None:
    """Write the network, the steps and the machine into a config."""
    cfg.model.backbone.arch = arguments['model']
    cfg.train_dataloader.batch_size = arguments['batch_size']
    cfg.optim_wrapper.optimizer.lr = arguments['lr']
    cfg.randomness.seed = arguments['seed']
    set_workers(cfg, arguments['workers'])
    set_precision(cfg, arguments['precision'])
    cfg.custom_hooks = [*cfg.get('custom_hooks', ()), dict(type='mmcnx2.ProgressHook')]


def set_precision(cfg: Config, precision: str) -> None:
    """Set the precision of training: 'fp32', 'bf16' or 'fp16'."""
    wrapper = cfg.optim_wrapper
    wrapper.type = 'OptimWrapper' if precision == 'fp32' else 'AmpOptimWrapper'
    for name in ('dtype', 'loss_scale'):
        wrapper.pop(name, None)
    if precision != 'fp32':
        wrapper.dtype = dict(bf16='bfloat16', fp16='float16')[precision]
        # bfloat16 has float32's range: only float16 needs its loss scaled.
        wrapper.loss_scale = 'dynamic' if precision == 'fp16' else dict(enabled=False)


def transform(pipeline: Sequence[Mapping], kind: str) -> dict:
    """Return the transform of a pipeline whose type is, or ends in, a name."""
    return next(each for each in pipeline if each['type'].split('.')[-1] == kind)
