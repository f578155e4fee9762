"""A training as a part of a job says what it trains, and is started as by hand."""

from pathlib import Path

import pytest

from mmcnx2.engine.jobs.training import plan_training
from tests.support.command_line import ROOT


@pytest.mark.parametrize('launcher', [(), ('torchrun.py', '--work-dir')])
def test_its_config_and_options_are_known_whatever_starts_it(launcher):
    part = plan_training(
        'first',
        'key',
        tool=ROOT / 'tools/train.py',
        config='configs/a.py',
        job=Path('job'),
        options=['a.b=1', 'c=2'],
        launcher=launcher,
        switches=['--amp'],
    )
    assert (part.config, part.options) == (Path('configs/a.py'), ('a.b=1', 'c=2'))
    assert part.command == [
        *launcher, str(ROOT / 'tools/train.py'), 'configs/a.py', '--work-dir', 'job/first',
        '--resume', '--amp', '--cfg-options', 'a.b=1', 'c=2',
    ]  # fmt: skip
    assert (part.name, part.key, part.resumes) == ('first', 'key', True)
