"""Running a tool of the project as a user would: the long log in a file, a short one shown."""

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from mmcnx2.processes.following import followed
from mmcnx2.processes.signals import STOPPED, TRY_AGAIN

_STEP = re.compile(
    r'(Epoch\(train\)\s+\[(?P<epoch>\d+)\]|Iter\(train\) )'
    r'\[\s*(?P<step>\d+)/(?P<steps>\d+)\].*?'
    r'eta: (?P<eta>[\d:]+|.*?\d+:\d+:\d+).*?loss: (?P<loss>[\d.]+|nan|inf)'
)
_SHORT = re.compile(r'step \d+ of \d+, |Trained \d+ steps? in ')  # of ProgressHook, as they come
SCORES = {
    'top-1': ('accuracy/top1', 1),
    'AP box': ('coco/bbox_mAP', 100),
    'AP mask': ('coco/segm_mAP', 100),
    'mIoU': ('mIoU', 1),
}
"""What people call a score, to its name in mmengine's logs and what makes it per cent."""


def run_tool(
    command: Sequence[str], *, log: Path, label: str = '', threads: int | None = None
) -> None:
    """Run a Python tool and show its progress in short lines.

    Args:
        command: Script and arguments; the interpreter is this one.
        log: File for everything that it says.
        label: Put before each line that is shown.
        threads: For torch on a CPU; None leaves it to torch.

    Raises:
        RuntimeError: If it fails. The end of its output is in the message.
        SystemExit: It was told to go and has saved, which is no failure: this process, too, ends
            with that status, for whoever tries again.
    """
    environment = dict(os.environ, **followed())
    environment |= {'OMP_NUM_THREADS': str(threads)} if threads else {}
    tail = deque(maxlen=25)
    with (
        log.open('w', encoding='utf-8') as file,
        subprocess.Popen(
            [sys.executable, '-u', *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,  # turns the \r of progress bars into line ends, too
            encoding='utf-8',
            errors='replace',
        ) as process,
    ):
        try:
            for line in process.stdout:
                file.write(line)
                tail.append(line)
                if short := shorten(line):
                    print(f'      {label}{short}', flush=True)
        except BaseException:
            process.terminate()  # an interrupted job leaves no training behind
            file.writelines(process.stdout)  # while it saves
            raise
    if process.returncode in (TRY_AGAIN, STOPPED):
        told = f'{label}told to go (status {process.returncode}), and saved what there was'
        print(f'{told}: the same command goes on from there.', file=sys.stderr, flush=True)
        raise SystemExit(process.returncode)
    if process.returncode:
        raise RuntimeError(
            f"'{' '.join(command)}' ended with exit status {process.returncode}; all it said is in "
            f"'{log}', the end of it:\n{''.join(tail)}"
        )


def shorten(line: str) -> str | None:
    """Return what a line of a log says of the progress, or None if it says nothing of it.

    Args:
        line: Line of mmengine's logger, of ProgressHook, or of a progress bar.
    """
    if match := _STEP.search(line):
        epoch = f'epoch {match["epoch"]}, ' if match['epoch'] else ''
        return (
            f'{epoch}step {match["step"]} of {match["steps"]}: '
            f'loss {float(match["loss"]):.3f}, {match["eta"]} left'
        )
    scores = [
        f'{name} {factor * float(match[1]):.1f} %'
        for name, (key, factor) in SCORES.items()
        if (match := re.search(rf'(?:Epoch|Iter)\(val\).*{key}: ([\d.]+)', line))
    ]
    if scores:
        return ', '.join(scores)
    if _SHORT.match(line):
        return line.strip()
    if re.match(r'Rendering scenes:\s+(\d*[05]0|0)%', line) or line.startswith('Wrote '):
        return line.strip()
    return None
