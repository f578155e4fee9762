"""Which checkpoint a run goes on from: the one that got furthest among those that are whole."""

import pickle
from pathlib import Path

import torch

from mmcnx2.engine.atomic_backend import find_damage
from mmcnx2.engine.nonfinite import describe, find_nonfinite


def latest_good_checkpoint(work_dir: str | Path) -> tuple[Path | None, dict[Path, str]]:
    """Find the checkpoint to resume from.

    Looked at are all ``.pth`` files of the work folder and of the folder that mmengine's note
    ``last_checkpoint`` names, if they can be resumed from (they hold an optimiser). Each is read as
    tensors and numbers alone; the chosen one's checksums are verified, and its numbers are finite.

    Args:
        work_dir: Of the run; need not exist.

    Returns:
        The path, None if there is none, and what is wrong with each file that was passed over.
    """
    found, bad = [], {}
    files = (file for folder in _folders(Path(work_dir)) for file in folder.glob('*.pth'))
    for path in sorted(files):
        try:
            step = _step(path)
        except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
            bad[path] = find_damage(path) or _first_line(error)
        else:
            if step is not None:
                found.append((step, path.stat().st_mtime_ns, path))
    for *_, path in sorted(found, reverse=True):
        if reason := find_damage(path) or _find_nonfinite(path):
            bad[path] = reason
        else:
            return path, bad
    return None, bad


def _folders(work_dir: Path) -> set[Path]:
    folders = {work_dir}
    note = work_dir / 'last_checkpoint'
    if note.is_file() and (last := note.read_text().strip()):
        folders.add(Path(last).parent)
    return {folder.resolve() for folder in folders if folder.is_dir()}


def _step(path: Path) -> int | None:
    """Return how many steps a checkpoint has behind it, None if it cannot be resumed from."""
    checkpoint = _load(path)
    if not isinstance(checkpoint, dict) or 'optimizer' not in checkpoint:
        return None
    return checkpoint.get('meta', {}).get('iter')


def _find_nonfinite(path: Path) -> str | None:
    names = find_nonfinite(_load(path))
    return describe(names) if names else None


def _load(path: Path) -> dict:
    """Map a checkpoint: only what is looked at is read."""
    return torch.load(path, map_location='cpu', weights_only=True, mmap=True)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
