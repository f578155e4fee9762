"""The learning rate of every iteration, as mmengine's schedulers set it."""

import torch
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS
from torch import Tensor


def learning_rates(cfg: Config, per_epoch: int, *, scale: float = 1.0) -> Tensor:
    """Run a config's schedulers.

    Args:
        cfg: A config whose schedulers all change the rate by iteration.
        per_epoch: Iterations of an epoch.
        scale: Of the layer, as layer-wise decay sets it.

    Returns:
        Float64, one rate an iteration.
    """
    weights = [torch.nn.Parameter(torch.zeros(1))]
    optimizer = torch.optim.SGD(weights, cfg.optim_wrapper.optimizer.lr * scale)
    schedulers = []
    for scheduler in map(dict, cfg.param_scheduler):
        curve = PARAM_SCHEDULERS.get(scheduler.pop('type'))
        assert scheduler['by_epoch'] and scheduler.pop('convert_to_iter_based')
        schedulers.append(
            curve.build_iter_from_epoch(optimizer=optimizer, epoch_length=per_epoch, **scheduler)
        )
    rates = []
    optimizer.step()  # so that torch does not warn that the schedulers are ahead of it
    for _ in range(cfg.train_cfg.max_epochs * per_epoch):
        rates.append(optimizer.param_groups[0]['lr'])
        for scheduler in schedulers:
            scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)
