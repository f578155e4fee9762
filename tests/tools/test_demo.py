"""The demo at sizes that mean nothing: every part runs, is reused, and ends in a page."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmcnx2.engine.jobs import parts
from tests.support.forked_tool import run_tool
from tests.support.in_process import refusal, run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def demo(monkeypatch) -> Callable[..., str]:
    """The demo at sizes that mean nothing; its parts run in processes that start at once."""
    monkeypatch.setattr(parts, 'run_tool', run_tool)
    monkeypatch.setattr(sys, 'path', [str(ROOT / 'tools'), *sys.path])

    def call(folder: Path, *options: str) -> str:
        return run('demo.py', '--work-dir', folder, '--smoke', '--seeds', '1', *options)

    return call


def test_a_smoke_run_leaves_a_page_and_a_rerun_reuses_its_parts(demo, tmp_path):
    said = demo(tmp_path)
    page = (tmp_path / 'smoke/index.html').read_text()
    for text in (
        'its numbers mean nothing', 'Reconstructions of held-out', 'Classification with few labels',
        'Mask R-CNN', 'UPerNet', 'Curves of the pre-training', 'RankMe', '<td>1 epoch</td>',
        'top-1', 'AP box', 'mIoU',
    ):  # fmt: skip
        assert text in page, text
    assert len(re.findall('<img src="data:image/', page)) == 5
    assert '[2/4] pre-training without labels' in said
    assert said.count('index.html after') == 3, 'the page does not grow'
    again = demo(tmp_path, '--no-transfer')
    assert again.count('done before, reused') == 4, again
    assert 'Mask R-CNN' not in (tmp_path / 'smoke/index.html').read_text()


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
