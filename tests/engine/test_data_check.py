"""One process looks at the data, all learn the verdict, and the log ends with what was found."""

import json
import logging
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from PIL import Image

from mmcnx2.datasets.preflight import Report
from mmcnx2.datasets.preflight.findings import Findings
from mmcnx2.engine import data_check
from mmcnx2.engine.data_check import check_data
from tests.support.data_check_processes import FOLDERS, save_verdicts
from tests.support.processes import run_processes


@pytest.fixture
def log(tmp_path) -> Path:
    file = tmp_path / 'run.log'
    logger = MMLogger.get_instance(f'check-{tmp_path.name}', log_file=str(file))
    yield file
    for handler in logger.handlers:
        handler.close()
    logger.handlers.clear()


def findings(**options) -> Findings:
    return Findings('train', images=3, **options)


def check(monkeypatch, *found: Findings) -> None:
    monkeypatch.setattr(data_check, 'look_at_data', lambda *_, **__: Report(found))
    check_data(Config(), {})


def test_sound_data_end_in_one_line_of_the_log(monkeypatch, log):
    check(monkeypatch, findings(warnings=['train: a warning.'], left_out=['2 .txt files']))
    warning, found = log.read_text().splitlines()
    assert warning.endswith('WARNING - train: a warning.')
    assert found.endswith('INFO - data: train has 3 images, left out: 2 .txt files.')
    assert logging.getLevelName(logging.INFO) in found


def test_names_that_are_no_utf8_are_logged(monkeypatch, log):
    check(monkeypatch, findings(warnings=['train: caf\udce9.jpg.'], classes=('caf\udce9',)))
    warning, found = log.read_text().splitlines()
    assert warning.endswith(r'train: caf\udce9.jpg.') and r'1 classes (caf\udce9)' in found


def test_problems_end_the_run_a_sentence_each_and_say_what_was_found(monkeypatch, log):
    other = Findings('val', errors=['val: 2 b.'], warnings=['val: a warning.'])
    with pytest.raises(SystemExit) as ended:
        check(monkeypatch, findings(errors=['train: 1 a.', 'train: 3 c.']), other)
    assert ended.value.code.splitlines() == [
        'error: train: 1 a.',
        'error: train: 3 c.',
        'error: val: 2 b.',
        'error: nothing was started; --no-data-check starts all the same.',
        'data: train has 3 images; val has 0 images.',
    ]
    assert 'val: a warning.' in log.read_text()


def test_loaders_that_are_not_there_are_left_out(monkeypatch):
    seen = []
    monkeypatch.setattr(
        data_check, 'look_at_data', lambda cfg, loaders, **_: seen.append(loaders) or Report(())
    )
    check_data(Config(), dict(train=dict(dataset={}), val=None))
    assert seen == [dict(train=dict(dataset={}))]


def test_one_of_two_processes_looks_and_both_learn_the_verdict(tmp_path):
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    Image.new('RGB', (8, 8)).save(tmp_path / 'images/a.png')
    run_processes(save_verdicts, tmp_path, count=2)
    main, other = (json.loads((tmp_path / f'{rank}.json').read_text()) for rank in range(2))
    assert main['images'] == dict(code=None, looked=[2])
    assert other['images'] == dict(code=None, looked=[])
    assert main['empty']['code'].startswith('error: train: Image folder')
    assert other['empty'] == dict(code=1, looked=[])
