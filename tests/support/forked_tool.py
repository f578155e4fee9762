"""The tools in processes of their own that start at once: importing would take most of a test."""

import atexit
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import torch

from tests.support.command_line import ROOT
from tests.support.forkserver import start


def tool(name: str, *arguments, cwd: Path) -> subprocess.CompletedProcess:
    """Run a tool as a user does, in a folder of its own, its libraries imported already."""
    command = [str(ROOT / 'tools' / name), *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / 'out', Path(folder) / 'err'
        process = start(_run, command, out, err, cwd=str(cwd))
        process.join(300)
        code, said = process.exitcode, [log.read_text() for log in (out, err)]
        process.kill()
        return subprocess.CompletedProcess(command, code, *said)


def run_tool(
    command: Sequence[str], *, log: Path, label: str = '', threads: int | None = None
) -> None:
    """Stand in for :func:`mmcnx2.engine.jobs.tool_run.run_tool`; shows no progress."""
    process = start(_run, list(command), log, threads=threads)
    process.join()
    if process.exitcode:
        raise RuntimeError(log.read_text())


def _run(command: list[str], *logs: Path, threads: int | None = None, cwd: str = '.') -> None:
    """Be the process of a tool, whose output goes to one file or two."""
    torch.set_num_threads(threads or 1)
    os.chdir(cwd)
    for stream, log in ((sys.stdout, logs[0]), (sys.stderr, logs[-1])):
        with log.open('a') as file:
            os.dup2(file.fileno(), stream.fileno())
    sys.argv = command
    sys.path.insert(0, str(Path(command[0]).parent))
    code = 0
    try:
        runpy.run_path(command[0], run_name='__main__')
    except SystemExit as ended:
        code = ended.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()  # multiprocessing leaves them out
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
