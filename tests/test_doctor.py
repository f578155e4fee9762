"""The doctor's page and verdict, on made-up environments; and once on this one."""

import subprocess
import sys

import pytest

from mmcnx2 import doctor
from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem

FATAL = Problem('torch is not installed.', 'pip install torch')
NOTE = Problem('mmdet is not installed.', 'pip install mmdet', fatal=False)


def line(facts, name):
    """What the page says about one thing."""
    (found,) = [row for row in doctor.describe(facts) if row.startswith(name + ' ')]
    return found[len(name) :].strip()


def test_exit_status_is_one_only_when_training_would_fail():
    assert doctor.exit_status([]) == 0
    assert doctor.exit_status([NOTE]) == 0
    assert doctor.exit_status([NOTE, FATAL]) == 1


def test_the_verdict_names_what_is_wrong_and_the_command_that_mends_it():
    assert doctor.verdict([FATAL, NOTE]) == [
        'ERROR: torch is not installed.',
        '  pip install torch',
        'note: mmdet is not installed.',
        '  pip install mmdet',
        'Training would fail: run the commands above, from the first on.',
    ]


def test_a_sound_stack_gets_one_line():
    assert doctor.verdict([]) == ['Training will run.']


def test_the_page_shows_the_stack():
    facts = Facts(
        python='3.11.7',
        distributions={'torch': '2.11.0', 'mmcv-lite': '2.1.0', 'mmdet': '3.3.0'},
        gpus=('NVIDIA H100',),
        mmcv_ops={'nms': 'torchvision'},
        minkowski='0.5.4',
    )
    assert line(facts, 'torch') == '2.11.0'
    assert line(facts, 'GPU') == 'NVIDIA H100'
    assert line(facts, 'Triton') == line(facts, 'Numba') == 'absent'
    assert line(facts, 'MinkowskiEngine') == '0.5.4'
    assert line(facts, 'mmcv') == 'mmcv-lite 2.1.0'
    assert line(facts, 'mmseg') == 'absent'
    assert line(facts, 'op nms') == 'by torchvision'


def test_the_page_names_the_family_of_distributions():
    def family(*names):
        return line(Facts(python='3', distributions=dict.fromkeys(names, '1')), 'distributions')

    assert family() == 'none'
    assert family('mmengine', 'mmdet') == 'official'
    assert family('onedl-mmengine', 'onedl-mmdetection') == 'onedl'
    assert family('mmengine', 'onedl-mmdetection') == 'official and onedl'


def test_an_empty_environment_is_described_too():
    assert line(Facts(python='3.11.7'), 'GPU').startswith('none')


@pytest.mark.slow
def test_it_passes_here():
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-m', 'mmcnx2.doctor'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith('Training will run.')
