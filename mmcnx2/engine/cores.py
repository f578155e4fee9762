"""A run's cores, shared out between those who compute and those who load."""

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.config import Config

from mmcnx2.engine.launch import DATALOADERS
from mmcnx2.processes.threads import THREADS, describe_threads, is_chosen, own_cores

CORES_A_LOADER = 4
"""Where a CPU trains, one core in so many may load: images are read faster than learned from."""


def share_out_cores(cfg: Config, *, given: Mapping[str, Any] | None = None) -> str:
    """Leave each core to one who needs it.

    A config's ``num_workers`` is the most that a data loader may start. Where a GPU trains, all
    cores but one may load; where a CPU does, one in :data:`CORES_A_LOADER`, and torch computes with
    as many threads fewer. What the user has set stays, be it in the environment or on the command
    line. The number of workers changes no result.

    Args:
        cfg: The config; its data loaders are changed in place.
        given: Options of the command line that are in the config.

    Returns:
        What was chosen, for the log.
    """
    cores = own_cores()
    computes_here = not torch.accelerator.is_available()
    most = cores // CORES_A_LOADER if computes_here else max(1, cores - 1)
    fewer = []
    for name in DATALOADERS:
        loader, key = cfg.get(name), f'{name}.num_workers'
        wanted = loader.get('num_workers', 0) if isinstance(loader, Mapping) else 0
        if wanted > most and key not in (given or {}):
            _limit(loader, most)
            fewer.append(f'{key} is {most}, not {wanted}')
    loader = cfg.get('train_dataloader') or {}
    workers = min(most, loader.get('num_workers', 0))
    if computes_here and workers and is_chosen(THREADS):
        torch.set_num_threads(max(1, min(torch.get_num_threads(), cores - workers)))
    said = [describe_threads(), f'{torch.get_num_threads()} threads compute', *fewer]
    advice = '; --cfg-options sets it as you like' if fewer else ''
    return f'Cores: {"; ".join(said)}{advice}.'


def _limit(loader: dict, workers: int) -> None:
    loader['num_workers'] = workers
    if not workers:  # torch refuses both where there are none
        loader['persistent_workers'] = False
        loader.pop('prefetch_factor', None)
