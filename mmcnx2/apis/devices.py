"""The device that a command is to use, before anything uses one."""

import os
import sys

from mmcnx2.apis.calls import CallError
from mmcnx2.processes.threads import settle_threads


def use(device: str | None) -> None:
    """Have the toolboxes, which take the first GPU that they see, see the one that is meant.

    Called before torch is imported, or at least before it looks for GPUs. Threads are settled, too.

    Args:
        device: Such as 'cpu', 'cuda' or 'cuda:1'; None for what there is.

    Raises:
        CallError: It is not there, or this process uses CUDA already and sees others.
    """
    settle_threads()
    if device is None:
        return
    kind, _, number = device.partition(':')
    wanted = '' if kind == 'cpu' else number
    torch = sys.modules.get('torch')
    started = torch is not None and torch.cuda.is_initialized()
    if (kind == 'cpu' or number) and os.environ.get('CUDA_VISIBLE_DEVICES') != wanted:
        if started:
            raise CallError(
                'device',
                f"is '{device}', but this process uses CUDA already: start Python anew with "
                f'CUDA_VISIBLE_DEVICES={wanted}.',
            )
        os.environ['CUDA_VISIBLE_DEVICES'] = _visible(wanted)
    import torch

    if kind == 'cuda' and not torch.cuda.is_available():
        there = 'no GPU that torch can use'
        raise CallError('device', f"is '{device}', but there is {there} here: leave it out.")
    if kind not in ('cpu', 'cuda'):
        from mmcnx2.engine.device import choose_device

        choose_device(device)


def check_gpus(number: int | None) -> None:
    """Refuse more GPUs than there are.

    Raises:
        CallError: There are fewer.
    """
    import torch

    there = torch.cuda.device_count()
    if number is not None and number > there:
        raise CallError('gpus', f'is {number}, but this machine has {there}.')


def _visible(wanted: str) -> str:
    """Return which GPU a number means where only some are visible to begin with."""
    shown = os.environ.get('CUDA_VISIBLE_DEVICES')
    if not wanted or not shown:
        return wanted
    names = shown.split(',')
    return names[int(wanted)] if int(wanted) < len(names) else ''
