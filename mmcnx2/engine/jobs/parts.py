"""The parts of a longer job, each done once: what finished is remembered and reused."""

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from mmcnx2.engine.jobs.tool_run import run_tool


@dataclass(frozen=True)
class Part:
    """One command, done once.

    Attributes:
        name: Of its folder below the job's, and of its lines in the terminal.
        command: A tool and its arguments.
        key: What the part is made from; another key has it done again.
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
        folder: Of the job; each part has a folder of its name below it.
        threads: For torch on a CPU, in each part; None leaves it to torch.
    """

    folder: Path
    threads: int | None = None

    def is_done(self, part: Part) -> bool:
        """Whether the part has finished, made from the same key."""
        return self._read(part, 'done.json').get('key') == part.key

    def seconds(self, part: Part) -> float:
        """Return how long a finished part took, with what was done before it was stopped."""
        return self._read(part, 'done.json')['seconds']

    def do(self, part: Part, *, label: str = '') -> Path:
        """Do a part unless it is done, and return its folder.

        Args:
            part: A part.
            label: Put before each line of progress that is shown.

        Raises:
            RuntimeError: The command failed; the end of its output is in the message.
        """
        folder = self.folder / part.name
        if self.is_done(part):
            return folder
        if not part.resumes or self._read(part, 'started.json').get('key') != part.key:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        state = dict(key=part.key, seconds=self._read(part, 'started.json').get('seconds', 0.0))
        _write(folder / 'started.json', state)
        start = time.perf_counter()
        try:
            run_tool(part.command, log=folder / 'output.txt', label=label, threads=self.threads)
        finally:
            state['seconds'] += time.perf_counter() - start
            _write(folder / 'started.json', state)
        _write(folder / 'done.json', state)
        return folder

    def rename(self, part: Part, key: str) -> None:
        """Remember a finished part as made from another key.

        Args:
            part: Finished.
            key: What it turned out to be made from.
        """
        done = self._read(part, 'done.json')
        _write(self.folder / part.name / 'done.json', dict(done, key=key))

    def _read(self, part: Part, name: str) -> dict:
        file = self.folder / part.name / name
        return json.loads(file.read_text()) if file.is_file() else {}


def _write(file: Path, content: dict) -> None:
    # Whole or not at all: half a file would end the next run, too.
    fresh = file.with_suffix('.part')
    fresh.write_text(json.dumps(content))
    fresh.replace(file)
