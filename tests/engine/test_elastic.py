"""torchrun starts a run anew whose process was killed, and the run ends as if none had been."""

import os
import subprocess
import sys
from pathlib import Path

import torch

from tests.engine.hooks.test_resume_hook import assert_same_end

ROOT = Path(__file__).parents[2]


def torchrun(folder: Path, *, killed_at: int) -> tuple[dict, str]:
    """Run two processes; the second dies in a step of its first start, if that is not 0."""
    folder.mkdir()
    command = [
        sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2',
        '--max-restarts=1', '-m', 'tests.support.elastic_run', str(folder), str(killed_at),
    ]  # fmt: skip
    run = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    return torch.load(folder / 'end.pt', weights_only=True), run.stdout + run.stderr


def test_a_killed_process_is_replaced_and_nothing_is_lost(tmp_path):
    found, said = torchrun(tmp_path / 'killed', killed_at=3)
    assert 'Resuming from' in said, 'it began anew'
    expected, _ = torchrun(tmp_path / 'whole', killed_at=0)
    assert_same_end(found, expected)
