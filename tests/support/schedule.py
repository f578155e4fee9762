"""The learning rate of every step, as mmengine's runner builds the schedulers and steps them."""

import logging

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper, _ParamScheduler
from mmengine.registry import DefaultScope
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch import Tensor

LOOPS = {loop.__name__: loop for loop in (EpochBasedTrainLoop, IterBasedTrainLoop)}


def build_schedulers(
    cfg: Config, per_epoch: int, *, scale: float = 1.0
) -> tuple[OptimWrapper, list[_ParamScheduler]]:
    """Have a runner that trains nothing build a config's schedulers.

    Args:
        cfg: A config.
        per_epoch: Iterations of an epoch.
        scale: Of the layer, as layer-wise decay sets it.

    Returns:
        An optimizer of one parameter, and its schedulers.
    """
    loop = object.__new__(LOOPS[cfg.train_cfg.type])
    loop.dataloader = range(per_epoch)
    loop._max_epochs = cfg.train_cfg.get('max_epochs', 1)
    loop._max_iters = cfg.train_cfg.get('max_iters', loop._max_epochs * per_epoch)
    runner = object.__new__(Runner)
    runner.logger = logging.getLogger(__name__)
    runner._train_loop = loop
    weights = [torch.nn.Parameter(torch.zeros(1))]
    optimizer = torch.optim.SGD(weights, cfg.optim_wrapper.optimizer.lr * scale)
    runner.optim_wrapper = OptimWrapper(optimizer)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return runner.optim_wrapper, runner.build_param_scheduler(cfg.param_scheduler)


def learning_rates(
    cfg: Config, per_epoch: int, *, scale: float = 1.0, steps: int | None = None
) -> Tensor:
    """Run a config's schedulers.

    Args:
        cfg: A config.
        per_epoch: Iterations of an epoch.
        scale: Of the layer, as layer-wise decay sets it.
        steps: How many; default the whole length.

    Returns:
        Float64, one rate a step.
    """
    wrapper, schedulers = build_schedulers(cfg, per_epoch, scale=scale)
    wrapper._global_step = 0  # as behind its first step: mmengine would warn
    if steps is None:
        steps = cfg.train_cfg.get('max_iters') or cfg.train_cfg.max_epochs * per_epoch
    rates = []
    for step in range(1, steps + 1):
        rates.append(wrapper.param_groups[0]['lr'])
        for scheduler in schedulers:
            if not scheduler.by_epoch or step % per_epoch == 0:
                scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)
