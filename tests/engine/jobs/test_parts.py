"""Parts of a job are done once, again when what they are made from changes, and may resume."""

import json
from dataclasses import replace

import pytest

from mmcnx2.engine.jobs.parts import Part, PartRunner

TOOL = """
import sys
with open(sys.argv[1], 'a') as file:
    file.write('x')
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def part(tmp_path):
    (tmp_path / 'tool.py').write_text(TOOL)
    return Part('first', [str(tmp_path / 'tool.py'), str(tmp_path / 'job/first/made'), '0'], 'a')


@pytest.fixture
def runner(tmp_path):
    return PartRunner(tmp_path / 'job', threads=1)


def made(runner) -> str:
    return (runner.folder / 'first/made').read_text()


def test_a_finished_part_is_not_done_again(runner, part):
    assert not runner.is_done(part)
    assert runner.do(part) == runner.do(part) == runner.folder / 'first'
    assert runner.is_done(part) and made(runner) == 'x'
    assert runner.seconds(part) > 0


def test_another_key_starts_over(runner, part):
    runner.do(part)
    (runner.folder / 'first/left').touch()
    assert not runner.is_done(replace(part, key='b'))
    runner.do(replace(part, key='b'))
    assert made(runner) == 'x' and not (runner.folder / 'first/left').exists()
    assert (runner.folder / 'first.old-1/left').exists(), 'what was made before is kept'


@pytest.mark.parametrize(('resumes', 'after'), [(True, 'xx'), (False, 'x')])
def test_what_failed_is_not_done_and_only_a_part_that_resumes_keeps_its_folder(
    runner, part, resumes, after
):
    failing = replace(part, command=[*part.command[:2], '3'], resumes=resumes)
    with pytest.raises(RuntimeError, match='exit status 3'):
        runner.do(failing)
    assert not runner.is_done(part) and made(runner) == 'x'
    before = json.loads((runner.folder / 'first/started.json').read_text())['seconds']
    runner.do(replace(part, resumes=resumes))
    assert made(runner) == after
    assert before > 0
    if resumes:
        assert runner.seconds(part) > before, 'the time before it failed counts, too'


def test_a_folder_that_it_did_not_make_is_refused_and_stays_as_it_is(runner, part):
    folder = runner.folder / 'first'
    folder.mkdir(parents=True)
    (folder / 'epoch_800.pth').write_text('a week of work')
    (folder / 'started.json').write_text('{"key": "a"}')  # of some other program
    for refuse in (lambda: runner.check([part]), lambda: runner.do(part)):
        with pytest.raises(FileExistsError, match='files that this tool did not make'):
            refuse()
    assert sorted(path.name for path in folder.iterdir()) == ['epoch_800.pth', 'started.json']


def test_what_something_else_finished_can_be_adopted(runner, part):
    (runner.folder / 'first').mkdir(parents=True)
    (runner.folder / 'first/made').write_text('x')
    runner.adopt(part)
    runner.check([part])
    assert runner.do(part) == runner.folder / 'first' and made(runner) == 'x'
    assert runner.seconds(part) is None
    with pytest.raises(FileExistsError):
        runner.do(replace(part, key='b'))
    assert made(runner) == 'x', 'it is still not ours'


@pytest.mark.parametrize('content', ['', '{', '[]', 'null'])
def test_a_memory_that_cannot_be_read_is_none(runner, part, content):
    runner.do(part)
    (runner.folder / 'first/done.json').write_text(content)
    assert not runner.is_done(part)


def test_what_was_told_to_go_goes_on_the_next_time(runner, part):
    told = replace(part, command=[*part.command[:2], '75'], resumes=True)
    with pytest.raises(SystemExit, match='75'):
        runner.do(told)
    assert not runner.is_done(told)
    runner.do(replace(part, resumes=True))
    assert made(runner) == 'xx' and not (runner.folder / 'first.old-1').exists()
