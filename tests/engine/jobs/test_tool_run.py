"""A tool's long log goes to a file, a short one to the terminal."""

import pytest

from mmcnx2.engine.jobs import tool_run
from mmcnx2.engine.jobs.tool_run import run_tool, shorten


@pytest.mark.parametrize(
    ('line', 'short'),
    [
        (
            '11/25 07:56:15 - mmengine - INFO - Epoch(train) [11][20/94]  base_lr: 8.7e-04 '
            'lr: 8.7e-04  eta: 0:07:24  time: 0.3580  data_time: 0.0045  loss: 0.7337',
            'epoch 11, step 20 of 94: loss 0.734, 0:07:24 left',
        ),
        ('INFO - Epoch(val) [12][20/20]  accuracy/top1: 41.3333  time: 0.01', 'top-1 41.3 %'),
        ('Wrote 3600 pictures to data/scenes', 'Wrote 3600 pictures to data/scenes'),
        (
            'step 30 of 400, loss 0.9997, 12.5 images/s, 3 min 10 s left\n',
            'step 30 of 400, loss 0.9997, 12.5 images/s, 3 min 10 s left',
        ),
        ('mmengine - INFO - Hooks will be executed in the following order:', None),
    ],
)  # fmt: skip
def test_lines_that_tell_progress_are_kept(line, short):
    assert shorten(line) == short


def test_all_output_is_kept_and_progress_shown(tmp_path, capfd):
    tool = tmp_path / 'tool.py'
    tool.write_text('import sys\nprint("Wrote it")\nprint("aside", file=sys.stderr)\n')
    log = tmp_path / 'output.txt'
    run_tool([str(tool)], log=log)
    assert log.read_text().splitlines() == ['Wrote it', 'aside']
    assert capfd.readouterr().out == '      Wrote it\n'


def test_a_failure_shows_the_end_of_the_output(tmp_path):
    tool = tmp_path / 'tool.py'
    tool.write_text('raise SystemExit("the disk is full")\n')
    with pytest.raises(RuntimeError, match='exit status 1.*\n.*the disk is full'):
        run_tool([str(tool)], log=tmp_path / 'output.txt')


def test_an_interrupted_tool_is_told_to_go_and_left_the_time_to_save(tmp_path, monkeypatch):
    tool = tmp_path / 'tool.py'
    tool.write_text(
        'import signal, sys, time\n'
        'def save(*_):\n'
        '    print("saving", flush=True)\n'
        '    time.sleep(0.5)\n'
        '    print("saved", flush=True)\n'
        '    sys.exit(75)\n'
        'signal.signal(signal.SIGTERM, save)\n'
        'print("started", flush=True)\n'
        'time.sleep(60)\n'
    )

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tool_run, 'shorten', interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_tool([str(tool)], log=tmp_path / 'output.txt')
    assert (tmp_path / 'output.txt').read_text().splitlines() == ['started', 'saving', 'saved']


@pytest.mark.parametrize('status', [75, 130])
def test_a_tool_that_was_told_to_go_has_not_failed_and_ends_the_job_with_its_status(
    status, tmp_path, capfd
):
    tool = tmp_path / 'tool.py'
    tool.write_text(f'raise SystemExit({status})\n')
    with pytest.raises(SystemExit) as ended:
        run_tool([str(tool)], log=tmp_path / 'output.txt', label='first: ')
    assert ended.value.code == status
    assert f'first: told to go (status {status})' in capfd.readouterr().err
