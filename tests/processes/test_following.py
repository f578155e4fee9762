"""A tool goes when whoever started it is gone; a run started from a shell does not."""

import multiprocessing
import os
import runpy
import signal
import sys
import time

import pytest

from mmcnx2.engine import launch
from mmcnx2.processes.following import follow_starter, followed
from tests.support.command_line import ROOT

FORK = multiprocessing.get_context('fork')


def start_a_child_and_die(environment: dict, dies_first: bool, tell) -> None:
    """Die without a word, before or after the child begins to follow."""
    environment = environment or followed()
    starter = os.getpid()
    begun, begin = os.pipe()
    if not os.fork():
        os.environ.update(environment)
        signal.signal(signal.SIGTERM, lambda *_: (tell.send('told to go'), os._exit(0)))
        while dies_first and os.getppid() == starter:
            time.sleep(0.01)
        follow_starter()
        os.write(begin, b'.')
        time.sleep(4)
        tell.send('never told')
        os._exit(0)
    if not dies_first:
        os.read(begun, 1)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ('environment', 'dies_first', 'expected'),
    [
        (dict(), False, 'told to go'),
        (dict(), True, 'told to go'),
        (dict(TORCHELASTIC_RUN_ID='none'), False, 'told to go'),
        (dict(SHELL='/bin/sh'), False, 'never told'),
    ],
    ids=['followed', 'followed too late', 'torchrun', 'shell'],
)
def test_a_tool_follows_those_that_ask_for_it(environment, dies_first, expected):
    hear, tell = FORK.Pipe(duplex=False)
    starter = FORK.Process(target=start_a_child_and_die, args=(environment, dies_first, tell))
    starter.start()
    starter.join()
    assert hear.recv() == expected


def run_tool(name: str, starter: int) -> None:
    launch.read_config = lambda *_, **__: time.sleep(30)
    os.environ.update(MMCNX2_STARTED_BY=str(starter))
    sys.argv = [name, 'config.py', 'checkpoint.pth'][: 3 if name == 'test.py' else 2]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')


@pytest.mark.parametrize(('name', 'status'), [('train.py', 75), ('test.py', -signal.SIGTERM)])
def test_training_and_testing_follow(name, status):
    """Here their starter is gone before they begin."""
    gone = FORK.Process(target=int)
    gone.start()
    gone.join()
    tool = FORK.Process(target=run_tool, args=(name, gone.pid))
    tool.start()
    tool.join(60)
    assert tool.exitcode == status
