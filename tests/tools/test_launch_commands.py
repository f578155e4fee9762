"""The commands for several machines are commands that torchrun takes."""

import os
import re
import shlex
import subprocess
from argparse import Namespace

import pytest
from torch.distributed.run import get_args_parser

from tests.support.command_line import ROOT

PAGES = ('docs/reliability.md', 'docs/scale.md')
TORCHRUN = re.compile(r'^python tools/torchrun.py (.*?[^\\])$', re.MULTILINE | re.DOTALL)
COMMANDS = [
    pytest.param(command, id=f'{page}-{number}')
    for page in PAGES
    for number, command in enumerate(TORCHRUN.findall((ROOT / page).read_text()))
]


def parsed(words: list[str]) -> Namespace:
    return get_args_parser().parse_args(words)


def test_there_are_commands():
    assert len(COMMANDS) >= 2


@pytest.mark.parametrize('command', COMMANDS)
def test_those_in_the_docs_are_real(command):
    told = parsed(shlex.split(command.replace('\\\n', ' ').replace('$NODE_RANK', '0')))
    assert (ROOT / told.training_script).is_file()
    assert '--launcher' in told.training_script_args
    for word in told.training_script_args:
        assert not word.startswith('configs/') or (ROOT / word).is_file(), word


def test_dist_train_meets_on_several_machines(tmp_path):
    stand_in = tmp_path / 'python'
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    places = dict(
        NNODES='2', NODE_RANK='1', MASTER_ADDR='first.machine', PORT='29501', MAX_RESTARTS='3'
    )
    run = subprocess.run(
        [ROOT / 'tools/dist_train.sh', 'config.py', '8', '--resume'],
        env={**os.environ, **places, 'PATH': f'{tmp_path}:{os.environ["PATH"]}'},
        capture_output=True,
        text=True,
        check=True,
    )
    script, *words = run.stdout.splitlines()
    assert script == str(ROOT / 'tools/torchrun.py')
    told = parsed(words)
    assert (told.nnodes, told.node_rank, told.nproc_per_node) == ('2', 1, '8')
    assert (told.master_addr, told.master_port) == ('first.machine', 29501)
    assert told.max_restarts == 3
    assert told.training_script_args == ['config.py', '--launcher', 'pytorch', '--resume']
