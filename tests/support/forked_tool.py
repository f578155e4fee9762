"""The tools of a job in processes that start at once: importing would take most of a test."""

import contextlib
import runpy
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import torch

from tests.support.long_run import start


def run_tool(
    command: Sequence[str], *, log: Path, label: str = '', threads: int | None = None
) -> None:
    """Stand in for :func:`mmcnx2.engine.jobs.tool_run.run_tool`; shows no progress."""
    process = start(_run, list(command), log, threads)
    process.join()
    if process.exitcode:
        raise RuntimeError(log.read_text())


def _run(command: list[str], log: Path, threads: int | None) -> None:
    torch.set_num_threads(threads or 1)
    sys.argv, code = command, 0
    with log.open('w') as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        try:
            runpy.run_path(command[0], run_name='__main__')
        except SystemExit as ended:
            print(ended.code or '')
            code = int(bool(ended.code))
        except BaseException:
            traceback.print_exc()
            code = 1
    sys.exit(code)
