"""Files of toys that several tests look at, written once."""

from functools import cache

import pytest

from mmcnx2.apis.exporting.files import Runner, save_program, trace
from mmcnx2.apis.exporting.kinds import make_program
from mmcnx2.apis.exporting.program import Program
from tests.support.detectors import one_stage_config
from tests.support.exports import build, of_two_stages, toy_config


@pytest.fixture(scope='session')
def exported(tmp_path_factory):
    """``exported(kind, ending)`` returns a toy's program, its file, and the file as read back."""

    @cache
    def traced(kind: str, precision: str):
        cfg = one_stage_config(kind) if kind == 'rtmdet_ins' else toy_config(kind)
        part = 'reconstruction' if kind == 'reconstruction' else 'all'
        program = make_program(build(of_two_stages(cfg)), part=part, precision=precision)
        return program, trace(program)

    @cache
    def write(kind: str, ending: str, precision: str = 'fp32') -> tuple[Program, str, Runner]:
        program, graph = traced(kind, precision)
        path = tmp_path_factory.mktemp(kind) / f'net{ending}'
        facts = program.facts() | dict(classes=None, prepare=[])
        return program, str(path), save_program(program, graph, path, facts=facts)

    return write
