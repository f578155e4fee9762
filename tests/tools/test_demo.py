"""The demo at sizes that mean nothing: every part runs, is reused, and ends in a page."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def demo(folder: Path, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / 'tools/demo.py', '--work-dir', folder, '--smoke', *options],
        capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS='1'), cwd=ROOT,
    )  # fmt: skip


def test_a_smoke_run_leaves_a_page_and_a_rerun_reuses_its_parts(tmp_path):
    done = demo(tmp_path, '--seeds', '1')
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / 'smoke/index.html').read_text()
    assert 'its numbers mean nothing' in page
    for name in (
        'loss', 'scores', 'gallery', 'mask_rcnn', 'upernet', 'diversity', 'activations',
    ):  # fmt: skip
        assert f'images/{name}.png' in page
        assert (tmp_path / f'smoke/images/{name}.png').stat().st_size > 1000, name
    assert '[2/8] pre-training without labels ...' in done.stdout
    assert 'left' in done.stdout, 'no progress was shown'
    for line in ('seed0-scratch: top-1', 'mask_rcnn-scratch: AP box', 'upernet-scratch: mIoU'):
        assert line in done.stdout, line
    again = demo(tmp_path, '--seeds', '1', '--no-transfer')
    assert again.stdout.count('done before, reused') == 3, again.stdout + again.stderr
    assert 'mask_rcnn.png' not in (tmp_path / 'smoke/index.html').read_text()


def test_at_least_one_seed_is_needed(tmp_path):
    done = demo(tmp_path, '--seeds', '0')
    assert done.returncode == 2
    assert '--seeds is 0, but at least one run an arm is needed.' in done.stderr
