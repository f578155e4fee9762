"""Where Triton launches kernels: on the device of their tensors."""

from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor


def on_own_device(launch: Callable) -> Callable:
    """Have a function that launches Triton's kernels do so on the device of its first argument.

    Triton launches on the current device, whatever its arguments are on (triton-lang/triton#2441),
    and torch does not make a tensor's device the current one for operations that are registered
    from Python.

    Args:
        launch: Its first argument is a tensor.
    """

    @wraps(launch)
    def guarded(first: Tensor, *rest):
        if not first.is_cuda:  # in Triton's interpreter
            return launch(first, *rest)
        with torch.cuda.device(first.device):
            return launch(first, *rest)

    return guarded
