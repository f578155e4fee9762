"""The parts of a longer job, each done once: what finished is remembered and reused."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mmcnx2.engine.jobs.tool_run import run_tool
from mmcnx2.outputs import check_folder, claim_folder, move_aside, write_text

BY = 'part'
"""In the name of the marker by which a part's folder is told from any other."""


@dataclass(frozen=True)
class Part:
    """One command, done once.

    Attributes:
        name: Name of its folder below the job's, and of its lines in the terminal.
        command: A tool and its arguments.
        key: What the part is made from; another key has it done again, beside what there was.
        resumes: The command goes on where an earlier one with the same key was stopped.
    """

    name: str
    command: list[str]
    key: str
    resumes: bool = False


@dataclass(frozen=True)
class PartRunner:
    """Does what is not done yet; ``<part>/done.json`` remembers.

    Attributes:
        folder: Folder of the job; each part has a folder of its name below it.
        threads: For torch on a CPU, in each part; None leaves it to torch.
    """

    folder: Path
    threads: int | None = None

    def is_done(self, part: Part) -> bool:
        """Whether the part has finished, made from the same key."""
        return self._read(part, 'done.json').get('key') == part.key

    def seconds(self, part: Part) -> float | None:
        """Return how long a finished part took, with what was done before it was stopped.

        None for a part that was adopted.
        """
        return self._read(part, 'done.json')['seconds']

    def adopt(self, part: Part) -> None:
        """Count what something else left in the part's folder as the part, finished."""
        _remember(self.folder / part.name, 'done.json', dict(key=part.key, seconds=None))

    def check(self, parts: Iterable[Part]) -> None:
        """Refuse, before any work starts, parts in whose place something else lies.

        Raises:
            OSError: A folder holds what was not made here.
        """
        for part in parts:
            if not self.is_done(part):
                check_folder(self.folder / part.name, BY)

    def do(self, part: Part, *, label: str = '') -> Path:
        """Do a part unless it is done, and return its folder.

        What was made from another key, or cannot go on, is moved aside.

        Args:
            part: A part.
            label: Put before each line of progress that is shown.

        Raises:
            RuntimeError: The command failed; the end of its output is in the message.
            SystemExit: It was told to go (:func:`run_tool`), which is no failure.
            OSError: The folder holds what was not made here.
        """
        folder = self.folder / part.name
        if self.is_done(part):
            return folder
        claim_folder(folder, BY)
        before = self._read(part, 'started.json')
        if before and not (part.resumes and before.get('key') == part.key):
            move_aside(folder)
            claim_folder(folder, BY)
            before = {}
        state = dict(key=part.key, seconds=before.get('seconds', 0.0))
        _remember(folder, 'started.json', state)
        start = time.perf_counter()
        try:
            run_tool(part.command, log=folder / 'output.txt', label=label, threads=self.threads)
        finally:
            state['seconds'] += time.perf_counter() - start
            _remember(folder, 'started.json', state)
        _remember(folder, 'done.json', state)
        return folder

    def rename(self, part: Part, key: str) -> None:
        """Remember a finished part as made from another key.

        Args:
            part: Finished.
            key: What it turned out to be made from.
        """
        done = self._read(part, 'done.json')
        _remember(self.folder / part.name, 'done.json', dict(done, key=key))

    def _read(self, part: Part, name: str) -> dict:
        try:
            content = json.loads((self.folder / part.name / name).read_text())
        except (OSError, ValueError):  # missing, or not ours
            return {}
        return content if isinstance(content, dict) else {}


def _remember(folder: Path, name: str, content: dict) -> None:
    write_text(folder / name, json.dumps(content))
