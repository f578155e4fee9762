"""The folder of a run that a command began: what it was told, its config, its checkpoints."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmcnx2.outputs import mark_folder, new_file, write_text

COMMAND, CONFIG = 'command.json', 'config.py'
MADE_BY = 'command'


@dataclass(frozen=True)
class Run:
    """A run of one of the commands that train.

    It can be given wherever a run's folder is expected.

    Attributes:
        folder: Its folder.
        command: Name of the command that began it, such as 'pretrain'.
        arguments: What it was told, and what it decided where it was told nothing.
    """

    folder: str
    command: str
    arguments: Mapping[str, Any]

    @classmethod
    def open(cls, folder: str | os.PathLike) -> 'Run':
        """Read what a command wrote into a folder.

        Raises:
            FileNotFoundError: There is no such folder, or no command began a run in it.
            ValueError: The note of the command is damaged.
        """
        note = Path(folder, COMMAND)
        if not note.is_file():
            what = 'holds no run of a command' if Path(folder).is_dir() else 'does not exist'
            raise FileNotFoundError(
                f"'{folder}' {what}: give what stood behind --out, such as runs/pre."
            )
        try:
            said = json.loads(note.read_text(encoding='utf-8'))
            return cls(os.fspath(folder), said['command'], said['arguments'])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"'{note}' is damaged ({error}): write it anew by the command that began the run "
                'with --overwrite, or train with tools/train.py and config.py of that folder.'
            ) from None

    @classmethod
    def began_in(cls, folder: str | os.PathLike) -> bool:
        """Whether a command began a run in a folder."""
        return Path(folder, COMMAND).is_file()

    def write(self, config: str, files: Mapping[str, str | bytes] | None = None) -> None:
        """Write the config and what the run was told, each whole or not at all.

        Args:
            config: Text of the config.
            files: Others by name, which may have folders in it: texts, or bytes.

        Raises:
            OSError: The folder holds what no command wrote, or cannot be written to.
        """
        mark_folder(self.folder, MADE_BY)
        for name, contents in {**(files or {}), CONFIG: config}.items():
            path = Path(self.folder, name)
            mark_folder(path.parent, MADE_BY)  # where a new start may replace it
            with new_file(path) as draft:
                draft.write_bytes(contents.encode() if isinstance(contents, str) else contents)
        said = json.dumps(dict(command=self.command, arguments=self.arguments), indent=2)
        write_text(Path(self.folder, COMMAND), said + '\n')

    @property
    def config(self) -> str:
        """Path of its config, which is whole and needs no other file."""
        return os.path.join(self.folder, CONFIG)

    @property
    def checkpoint(self) -> str:
        """Path of its newest checkpoint.

        Raises:
            FileNotFoundError: There is none yet.
        """
        return newest_checkpoint(self.folder)

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        try:
            return bool(self.checkpoint)
        except FileNotFoundError:
            return False

    def __fspath__(self) -> str:
        return self.folder


def newest_checkpoint(folder: str | os.PathLike) -> str:
    """Return the path of a run's newest checkpoint, whoever started the run.

    Raises:
        FileNotFoundError: The folder holds none that is whole.
    """
    from mmcnx2.engine.resuming.scan import checkpoint_folders, scan

    found = scan(checkpoint_folders(folder))
    if not found.saved:
        damaged = f' that is whole ({", ".join(map(str, found.damaged))})' if found.damaged else ''
        raise FileNotFoundError(
            f"'{folder}' holds no checkpoint{damaged}: train there first, or give another run."
        )
    return str(max(found.saved, key=lambda saved: saved.order).path)
