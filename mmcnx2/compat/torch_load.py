"""Let ``torch.load`` read mmengine's own checkpoints while it refuses everything else.

Upstream: torch >= 2.6 loads weights only, and mmengine 0.10.7 stores ``HistoryBuffer`` objects and
numpy arrays and scalars beside the weights, so ``--resume`` fails (open-mmlab/mmengine#1655).

Can go when mmengine stores plain lists.

``weights_only`` stays on: a checkpoint from a stranger must not run code. The classes themselves
are not allowed, because torch would give them any state that the file names; their names in the
file are read as :mod:`mmcnx2.compat.stand_ins`.
"""

from importlib.util import find_spec


def allow_mmengine_classes() -> None:
    """Allow what is in mmengine's checkpoints, under its names there (idempotent).

    Does nothing without torch, or before torch could be told (2.6, when it began to matter).
    """
    if find_spec('torch') is None:
        return
    import torch

    from mmcnx2.compat.stand_ins import STAND_INS

    if hasattr(torch.serialization, 'safe_globals'):
        torch.serialization.add_safe_globals(STAND_INS)
