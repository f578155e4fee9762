"""The part of a job that is a training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmcnx2.engine.jobs.parts import Part


@dataclass(frozen=True, kw_only=True)
class Training(Part):
    """A run of ``tools/train.py``, which goes on where an earlier one was stopped.

    Attributes:
        config: File of its config.
        options: Its ``--cfg-options``, ``KEY=VALUE``.
    """

    config: Path
    options: tuple[str, ...]


def plan_training(
    name: str,
    key: str,
    *,
    tool: Path,
    config: str | Path,
    job: Path,
    options: Sequence[str],
    launcher: Sequence[str] = (),
    switches: Sequence[str] = (),
) -> Training:
    """Return a training as a part of a job.

    Args:
        name: Name of its folder below the job's.
        key: What it is made from.
        tool: The script ``tools/train.py``.
        config: File of its config.
        job: Folder of the job.
        options: ``--cfg-options``, ``KEY=VALUE``, at least one.
        launcher: What starts the tool, before its path: nothing for one process.
        switches: Further options of the tool.
    """
    command = [*launcher, str(tool), str(config), '--work-dir', str(job / name), '--resume']
    command += [*switches, '--cfg-options', *options]
    return Training(name, command, key, resumes=True, config=Path(config), options=tuple(options))
