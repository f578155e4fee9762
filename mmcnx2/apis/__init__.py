"""What a user calls: the commands (:mod:`mmcnx2.apis.commands`), and what they are made of."""

from importlib import import_module

_WHERE = dict(FCMAEInferencer='reconstruction', Run='run')

__all__ = ['FCMAEInferencer', 'Run']


def __getattr__(name: str):
    """Import what is asked for, and no more: a command answers ``--help`` before torch is there."""
    if name not in _WHERE:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f'{__name__}.{_WHERE[name]}'), name)
