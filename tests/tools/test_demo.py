"""The demo at sizes that mean nothing: every part runs, is reused, and ends in a page."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmcnx2.engine.jobs import parts
from tests.support.in_process import refusal

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


@pytest.fixture
def stops(monkeypatch):
    """The demo in this process ends as its first part begins."""

    def run_tool(*_, **__) -> None:
        raise RuntimeError('the first part')

    monkeypatch.setattr(parts, 'run_tool', run_tool)
    monkeypatch.setattr(sys, 'path', [str(ROOT / 'tools'), *sys.path])


@pytest.mark.parametrize('options', [(), ('--fresh',)])
def test_a_folder_that_the_demo_did_not_make_is_refused(options, stops, tmp_path):
    (tmp_path / 'epoch_800.pth').write_text('a week of work')
    said = refusal('demo.py', '--work-dir', tmp_path, *options)
    assert f"'{tmp_path}' holds files that this tool did not make" in said
    assert [path.name for path in tmp_path.iterdir()] == ['epoch_800.pth']


def test_fresh_keeps_what_the_demo_made_before(stops, tmp_path):
    folder = tmp_path / 'demo'
    words = ('demo.py', '--work-dir', folder, '--data-root', tmp_path / 'scenes')
    for options in ((), ('--fresh',)):
        assert refusal(*words, *options) == 'error: the first part'
        (folder / 'index.html').write_text('a page')
    assert (tmp_path / 'demo.old-1/index.html').read_text() == 'a page'
