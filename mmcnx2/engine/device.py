"""The device that a model goes to: one that is there."""

import torch
from mmengine.device import get_device


def choose_device(name: str | None = None) -> torch.device:
    """Return a device of this machine.

    Args:
        name: Such as 'cpu' or 'cuda:0'; None takes what there is.

    Raises:
        ValueError: There is no such device here.
    """
    try:
        device = torch.device(name or get_device())
        torch.empty(0, device=device)
    except (AssertionError, ImportError, NotImplementedError, RuntimeError):
        raise ValueError(
            f"device={name!r} is not there: use such as 'cpu' or 'cuda:0', or leave it out."
        ) from None
    return device
