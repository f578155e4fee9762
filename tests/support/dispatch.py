"""What torch is asked to compute, call by call."""

from collections import Counter

from torch.utils._python_dispatch import TorchDispatchMode


class CountCalls(TorchDispatchMode):
    """Counts the calls of torch's operations within, by name."""

    def __init__(self):
        super().__init__()
        self.calls = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.calls[str(function)] += 1
        return function(*args, **(kwargs or {}))
