"""A device that is none: torch's 'meta' computes nothing, and tells when a host would wait for it.

Whatever a GPU would be asked is asked of it: which operations run, where tensors lie and how they
are copied, is the same. So a step that never waits for 'meta' never waits for a GPU.
"""

import sys
from collections import defaultdict

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_READS = {
    'aten::_local_scalar_dense', 'aten::equal', 'aten::is_nonzero', 'aten::item',
    'aten::masked_select', 'aten::nonzero', 'aten::_unique2', 'aten::unique_dim',
}  # fmt: skip
_COPIES = {'aten::_to_copy', 'aten::copy_'}


class WhoReads(TorchDispatchMode):
    """Notes who has a host read from a device, on a CPU, where nothing waits.

    Attributes:
        modules: Name of a module to the names of what it asked for.
    """

    def __init__(self):
        super().__init__()
        self.modules = defaultdict(set)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function._schema.name
        # Entries that a mask of flags chooses are counted before they are there.
        by_flags = name in ('aten::index', 'aten::index_put_', 'aten::index_put') and any(
            index is not None and index.dtype == torch.bool for index in args[1]
        )
        if name in _READS or by_flags:
            self.modules[self._asking()].add(name)
        return function(*args, **(kwargs or {}))

    @staticmethod
    def _asking() -> str:
        frame = sys._getframe(2)
        while (module := frame.f_globals['__name__']).partition('.')[0] == 'torch':
            frame = frame.f_back
        return module


class Waits(AssertionError):
    """The host would wait for the device here."""


class PretendDevice(TorchDispatchMode):
    """Reads a one from 'meta' outside a step, and refuses to within; what is copied is zeros.

    Attributes:
        strict: Within a step.
        steps: That were strict.
    """

    def __init__(self):
        super().__init__()
        self.strict, self.steps = False, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = function._schema.name
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        on_device = [tensor for tensor in tensors if tensor.is_meta]
        to = torch.device(kwargs['device']) if kwargs.get('device') is not None else None
        if name == 'aten::_to_copy' and to is not None and to != tensors[0].device:
            self._check_copy(function, kwargs.get('non_blocking', False))
            if on_device:
                return torch.zeros(tensors[0].shape, dtype=kwargs.get('dtype', tensors[0].dtype))
        elif name == 'aten::copy_' and tensors[0].device != tensors[1].device:
            self._check_copy(function, kwargs.get('non_blocking', args[2:] == (True,)))
            if on_device and not tensors[0].is_meta:
                return tensors[0].fill_(0)
        elif on_device and name in _READS:
            self.refuse(function)
            return 1 if name == 'aten::_local_scalar_dense' else function(*args, **kwargs)
        elif on_device and any(not tensor.is_meta and tensor.ndim for tensor in tensors):
            self.refuse(function)  # such as an index that is copied first
        return function(*args, **kwargs)

    def _check_copy(self, function, non_blocking: bool) -> None:
        if not non_blocking:
            self.refuse(function)

    def refuse(self, function) -> None:
        """Fail within a step.

        Raises:
            Waits: Then.
        """
        if self.strict:
            raise Waits(f'{function} waits for the device')


class ListsTravel(TorchFunctionMode):
    """Refuses lists that become tensors on the device, which torch copies there unseen."""

    def __init__(self, device: PretendDevice):
        super().__init__()
        self.device = device

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.Tensor.__getitem__ and args[0].is_meta:
            index = args[1] if isinstance(args[1], tuple) else args[1:]
            if any(isinstance(entry, list) for entry in index):
                self.device.refuse(function)
        if function is torch.tensor and torch.device(kwargs.get('device') or 'cpu').type == 'meta':
            self.device.refuse(function)
        return function(*args, **kwargs)


class Begin(Hook):
    """Is strict from the first thing that a step does."""

    priority = 0

    def __init__(self, device: PretendDevice):
        self.device = device

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        self.device.strict = True


class End(Hook):
    """Is strict until the last thing that a step does."""

    priority = 100

    def __init__(self, device: PretendDevice):
        self.device = device

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        self.device.strict = False
        self.device.steps += 1
