"""AblationJobs: everything is done once, and what fails ends no more than its own job."""

import pytest
from ablations.jobs import AblationJobs

from mmcnx2.engine.jobs import parts
from mmcnx2.engine.jobs.parts import Part, PartRunner


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """``jobs(*jobs)`` with parts given by name; those called 'bad ...' fail."""

    def run_tool(command, **options) -> None:
        if command[0].startswith('bad'):
            raise RuntimeError(f'many lines\n{command[0]} went wrong\n')
        if command[0].startswith('stop'):
            raise KeyboardInterrupt

    monkeypatch.setattr(parts, 'run_tool', run_tool)
    ended = []

    def make(*names: list[str]) -> AblationJobs:
        made = [[Part(name, [name], key='') for name in job] for job in names]
        jobs = AblationJobs(
            made, PartRunner(tmp_path), at_once=2, after_job=lambda: ended.append(1)
        )
        jobs.ended = ended
        return jobs

    return make


def done(jobs: AblationJobs) -> set[str]:
    return {part.name for job in jobs.jobs for part in job if jobs.runner.is_done(part)}


def test_each_part_is_done_once(jobs, capsys):
    first = jobs(['a', 'a0', 'a1'], ['b', 'b0'])
    first.do()
    assert done(first) == {'a', 'a0', 'a1', 'b', 'b0'} and first.failures == {}
    assert len(first.ended) == 2
    said = capsys.readouterr().out
    assert said.startswith('5 runs, 0 of them done before\n[1/5] ') and '[5/5] ' in said

    jobs(['a', 'a0', 'a2'], ['b']).do()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == '4 runs, 3 of them done before'
    assert len(said) == 2 and said[1].startswith('[1/1] a2 done after')


def test_without_its_pretraining_the_rest_of_a_job_is_left_out_and_other_jobs_go_on(jobs, capsys):
    some = jobs(['bad a', 'a0', 'a1'], ['b', 'bad b0', 'b1'])
    some.do()
    assert done(some) == {'b', 'b1'}
    assert some.failures == {'bad a': 'bad a went wrong', 'bad b0': 'bad b0 went wrong'}
    assert len(some.ended) == 2, 'the tables of a job that failed are written, too'
    assert 'bad b0 failed: bad b0 went wrong' in capsys.readouterr().err


def test_ctrl_c_in_a_run_is_no_failure_of_it(jobs):
    some = jobs(['stop', 'never'])
    with pytest.raises(KeyboardInterrupt):
        some.do()
    assert done(some) == set() and some.failures == {}
