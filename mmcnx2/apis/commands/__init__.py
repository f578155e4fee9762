"""The commands, a file each; every one of them is a call, too: ``mmcnx2.pretrain(...)``."""

from collections.abc import Callable
from importlib import import_module

COMMANDS = (
    'pretrain', 'finetune', 'detect', 'segment', 'test', 'predict', 'reconstruct', 'knn', 'embed',
    'probe', 'compare', 'report', 'export', 'convert', 'pack', 'models', 'doctor',
)  # fmt: skip
"""Their names, in the order in which a person meets them; each is a module with that function."""

TRAINING = ('pretrain', 'finetune', 'detect', 'segment')
"""Those that train one network, whose checkpoints are saved when they are told to go."""

CALLS = tuple(name for name in COMMANDS if name not in ('models', 'doctor'))
"""Those that are functions of the package; it has modules of the others' names."""


def find(name: str) -> Callable:
    """Return the function of a command."""
    return getattr(import_module(f'{__name__}.{name}'), name)
