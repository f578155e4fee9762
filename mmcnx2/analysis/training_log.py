"""Reading back what mmengine wrote while a model trained."""

import json
from dataclasses import dataclass
from pathlib import Path

from mmcnx2.paths import expand_home


@dataclass(frozen=True)
class TrainingLog:
    """The numbers of one run.

    Attributes:
        steps: Iterations at which ``losses`` were logged, from 1.
        losses: Training loss, smoothed by the logger over its window.
        scores: The last evaluation, such as ``{'accuracy/top1': 41.3}``; empty if there was none.
    """

    steps: list[int]
    losses: list[float]
    scores: dict[str, float]


def read_training_log(work_dir: str | Path) -> TrainingLog:
    """Read the latest run below a work folder.

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


def read_last_scores(work_dir: str | Path) -> dict[str, float]:
    """Read the last evaluation below a work folder, in whichever start of the run it was.

    Args:
        work_dir: What tools/train.py calls ``--work-dir``.

    Returns:
        Name, such as ``'accuracy/top1'``, to value; empty where nothing was evaluated.

    Raises:
        FileNotFoundError: If nothing was trained there with mmengine's local log.
    """
    for file in reversed(_files(work_dir)):
        if rows := [row for row in _read(file) if 'loss' not in row]:
            return _scores(rows[-1])
    return {}


def read_scalars(work_dir: str | Path) -> dict[str, tuple[list[int], list[float]]]:
    """Read every number that the latest run below a work folder logged.

    Args:
        work_dir: What tools/train.py calls ``--work-dir``.

    Returns:
        Name, such as ``'loss'`` or ``'coco/bbox_mAP'``, to the steps at which it was logged and its
        values there. Steps are iterations; those of evaluations are epochs where training counts
        epochs.

    Raises:
        FileNotFoundError: If nothing was trained there with mmengine's local log.
    """
    scalars = {}
    for row in _rows(work_dir):
        for name, value in row.items():
            if name not in ('step', 'iter', 'epoch') and isinstance(value, int | float):
                steps, values = scalars.setdefault(name, ([], []))
                steps.append(row['step'])
                values.append(value)
    return scalars


def _rows(work_dir: str | Path) -> list[dict]:
    return _read(_files(work_dir)[-1])


def _files(work_dir: str | Path) -> list[Path]:
    # One folder a start of the run, named by its time: the last name is the latest.
    files = sorted(Path(expand_home(str(work_dir))).glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(
            f"'{work_dir}' has no <time>/vis_data/scalars.json: train there first, with "
            'LocalVisBackend among the vis_backends of the config.'
        )
    return files


def _read(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines() if line.strip()]


def _scores(row: dict) -> dict[str, float]:
    return {
        name: value
        for name, value in row.items()
        if name not in ('step', 'iter') and not name.endswith('time')
    }
