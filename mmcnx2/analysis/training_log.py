"""Reading back what mmengine wrote while a model trained."""

import json
from dataclasses import dataclass
from pathlib import Path

from mmcnx2.paths import expand_home


@dataclass(frozen=True)
class TrainingLog:
    """The numbers of one run, of all its starts.

    Attributes:
        steps: Iterations at which ``losses`` were logged, from 1.
        losses: Training loss, smoothed by the logger over its window.
        scores: The last evaluation, such as ``{'accuracy/top1': 41.3}``; empty if there was none.
    """

    steps: list[int]
    losses: list[float]
    scores: dict[str, float]


def read_training_log(work_dir: str | Path) -> TrainingLog:
    """Read the run of a work folder.

    Args:
        work_dir: What tools/train.py calls ``--work-dir``.

    Raises:
        FileNotFoundError: If nothing was trained there with mmengine's local log.
    """
    rows = _rows(work_dir)
    train = [row for row in rows if 'loss' in row]
    scores = [row for row in rows if 'loss' not in row]
    return TrainingLog(
        steps=[row['step'] for row in train],
        losses=[row['loss'] for row in train],
        scores=_scores(scores[-1]) if scores else {},
    )


def read_scalars(
    work_dir: str | Path, *, training_alone: bool = False
) -> dict[str, tuple[list[int], list[float]]]:
    """Read every number that the run of a work folder logged.

    Args:
        work_dir: What tools/train.py calls ``--work-dir``.
        training_alone: Leave out what evaluations logged, which have times, too.

    Returns:
        Name, such as ``'loss'`` or ``'coco/bbox_mAP'``, to the steps at which it was logged and its
        values there. Steps are iterations; those of evaluations are epochs where training counts
        epochs.

    Raises:
        FileNotFoundError: If nothing was trained there with mmengine's local log.
    """
    scalars = {}
    for row in _rows(work_dir):
        if training_alone and 'loss' not in row:
            continue
        for name, value in row.items():
            if name not in ('step', 'iter', 'epoch') and isinstance(value, int | float):
                steps, values = scalars.setdefault(name, ([], []))
                steps.append(row['step'])
                values.append(value)
    return scalars


def _rows(work_dir: str | Path) -> list[dict]:
    """Return the lines of a run, of all its starts: one that went on replaces what it did anew."""
    # One folder a start, named by its time.
    files = sorted(Path(expand_home(str(work_dir))).glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(
            f"'{work_dir}' has no <time>/vis_data/scalars.json: train there first, with "
            'LocalVisBackend among the vis_backends of the config.'
        )
    rows = []
    for file in files:
        lines = file.read_text().splitlines()
        later = [json.loads(line) for line in lines if line.strip()]
        rows = [row for row in rows if not _replaces(later, row, rows)] + later
    return rows


def _replaces(later: list[dict], row: dict, rows: list[dict]) -> bool:
    """Whether a later start has done anew what a line is of."""
    begin = _first_step(later, trained=True)
    if begin <= _first_step(rows, trained=True):
        return bool(later)  # a run from the beginning
    trained = 'loss' in row
    return row['step'] >= _first_step(later, trained=trained)


def _first_step(rows: list[dict], *, trained: bool) -> float:
    steps = (row['step'] for row in rows if ('loss' in row) == trained)
    return min(steps, default=float('inf'))


def _scores(row: dict) -> dict[str, float]:
    return {
        name: value
        for name, value in row.items()
        if name not in ('step', 'iter') and not name.endswith('time')
    }
