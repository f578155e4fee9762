"""Small files that stand for the checkpoints of runs."""

from pathlib import Path
from typing import Any

import torch


def save(
    path: Path, *, step: int = 1, run: str | None = None, resumable: bool = True, **entries: Any
) -> Path:
    """Write what a run leaves, and return where.

    Args:
        path: Of the file; folders are made.
        step: Training steps behind it.
        run: Identity; None for a run from before there were any.
        resumable: With the state of an optimizer.
        entries: Of the checkpoint, further ones, or in place of these.
    """
    checkpoint = dict(
        meta=dict(epoch=0, iter=step), message_hub={}, state_dict=dict(weight=torch.ones(3))
    )
    if resumable:
        checkpoint['optimizer'] = dict(state={}, param_groups=[])
    if run is not None:
        checkpoint['run'] = dict(id=run)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(checkpoint | entries, path)
    return path


def flip(path: Path) -> None:
    """Change a byte of a tensor of ones, as a bad disk would."""
    data = bytearray(path.read_bytes())
    data[data.index(torch.ones(3).numpy().tobytes()) + 2] ^= 0xFF
    path.write_bytes(data)
