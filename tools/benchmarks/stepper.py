"""A process of its own that takes a step whenever it is asked. Needs nothing but Python."""

import subprocess
import sys
from collections.abc import Mapping


class Stepper:
    """A process of Python's that is started at once, and ended at the end.

    Args:
        command: Its arguments.
        environment: Its environment; None for this one's.
        answer: What the line that it answers with begins with; others are passed over.
    """

    def __init__(
        self, *command: str, environment: Mapping[str, str] | None = None, answer: str = ''
    ):
        self.answer = answer
        self.process = subprocess.Popen(
            [sys.executable, *command], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self) -> 'Stepper':
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.communicate()

    def ask(self) -> str:
        """Send a line, and wait for the answer.

        Raises:
            SystemExit: The process has ended.
        """
        self.process.stdin.write('\n')
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith(self.answer):
                return line
        raise SystemExit(f'error: a process that steps ended: {self.process.args}.')
