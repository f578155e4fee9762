"""Numbers of a device that are read when they are there, so that nothing waits for them."""

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from torch import Tensor

_NUMPY_HAS = (torch.float32, torch.float64, torch.int32, torch.int64, torch.bool)


class Late:
    """A tensor on its way from a device to the host.

    Args:
        value: Of any shape; must not be changed in place until it is read.
    """

    def __init__(self, value: Tensor):
        value = value.detach()
        value = value if value.dtype in _NUMPY_HAS else value.float()
        self._host = value.to('cpu', non_blocking=True)  # pinned memory, as torch does it
        self._there = None
        if value.device.type == 'cuda':
            self._there = torch.cuda.Event()
            self._there.record(torch.cuda.current_stream(value.device))

    def read(self) -> np.ndarray:
        """Return the numbers; waits for what the device was asked to do until they were made."""
        if self._there is not None:
            self._there.synchronize()
        return self._host.numpy()


class LateHistory(HistoryBuffer):
    """A history of numbers whose newest ones are on their way.

    Whoever reads it, by whatever method, reads all of them. Copies and pickles are those of a
    ``HistoryBuffer``.
    """

    def __init__(self, history: HistoryBuffer | None = None):
        self._late, self._read = [], (np.empty(0), np.empty(0, int))
        super().__init__(*(history.data if history else ()))

    def add(self, value: Tensor) -> None:
        """Append a number, a tensor of one element, without waiting for it."""
        self._late.append(Late(value))

    @property
    def _log_history(self) -> np.ndarray:
        return self._settled()[0]

    @_log_history.setter
    def _log_history(self, values: np.ndarray) -> None:
        self._read = values, self._settled()[1]

    @property
    def _count_history(self) -> np.ndarray:
        return self._settled()[1]

    @_count_history.setter
    def _count_history(self, counts: np.ndarray) -> None:
        self._read = self._settled()[0], counts

    def _settled(self) -> tuple[np.ndarray, np.ndarray]:
        if self._late:
            values = [late.read().item() for late in self._late]
            self._late = []
            logs, counts = self._read
            self._read = (
                np.append(logs, values)[-self.max_length :],
                np.append(counts, np.ones(len(values), int))[-self.max_length :],
            )
        return self._read

    def __reduce__(self):
        return HistoryBuffer, (*self._settled(), self.max_length)


def note(hub: MessageHub, key: str, value: Tensor | float) -> None:
    """Add a number to a message hub as ``update_scalar`` does, but wait for no device.

    Args:
        hub: The message hub.
        key: Such as ``'train/loss'``.
        value: The number, or a tensor of one element.
    """
    if not isinstance(value, Tensor):
        hub.update_scalar(key, value)
        return
    history = hub.log_scalars.get(key)
    if not isinstance(history, LateHistory):
        history = hub.log_scalars[key] = LateHistory(history)
        hub._set_resumed_keys(key, True)
    history.add(value)
