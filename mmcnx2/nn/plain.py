"""Whether a layer may be computed from its weights alone, without calling it."""

from torch import nn

_HOOKS = ('_forward_pre_hooks', '_forward_hooks', '_backward_pre_hooks', '_backward_hooks')


def is_plain(layer: nn.Module, kind: type[nn.Module]) -> bool:
    """Return whether a layer does what its class says and nothing more.

    Adapters (another class), parametrizations (likewise), pruning and tools that look in (hooks),
    and a ``forward`` that was put onto the object all want the layer to be called.

    Args:
        layer: The layer.
        kind: The class that it has, itself and not a subclass, if nobody replaced it.
    """
    hooked = any(getattr(layer, name) for name in _HOOKS)
    return type(layer) is kind and not hooked and 'forward' not in vars(layer)
