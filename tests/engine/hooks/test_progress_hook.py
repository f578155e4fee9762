"""How far a training is: lines now and then, a bar on a terminal, a log that leaves it alone."""

import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger

from mmcnx2.engine.hooks import progress_hook
from mmcnx2.engine.hooks.progress_hook import ProgressHook, QuietConsole

BATCH = dict(inputs=torch.zeros(8, 3, 4, 4))


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(progress_hook.time, 'monotonic', lambda: now.seconds)
    return now


def run(hook: ProgressHook, clock, *, steps: int, seconds: float, first: int = 0) -> None:
    """Take steps of so many seconds each."""
    logger = logging.getLogger('progress')
    runner = SimpleNamespace(iter=first, max_iters=100, logger=logger)
    hook.before_train(runner)
    for _ in range(steps):
        clock.seconds += seconds
        outputs = dict(loss=torch.tensor(1 / (runner.iter + 1), requires_grad=True))
        hook.after_train_iter(runner, 0, BATCH, outputs)
        runner.iter += 1
    hook.after_train(runner)


def test_lines_tell_loss_speed_and_what_is_left(clock, capsys):
    run(ProgressHook(seconds=30), clock, steps=50, seconds=2.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        'step 1 of 100, loss 1.0000, 4 images/s, 3 min 18 s left',  # after the first two seconds
        'step 16 of 100, loss 0.0625, 4 images/s, 2 min 48 s left',
        'step 31 of 100, loss 0.0323, 4 images/s, 2 min 18 s left',
        'step 46 of 100, loss 0.0217, 4 images/s, 1 min 48 s left',
        'Trained 50 steps in 1 min 40 s.',
    ]


USUAL = '100 steps will take about 2 min (1.2 s each).'


@pytest.mark.parametrize(
    ('usual', 'validation', 'said'),
    [
        ({}, None, USUAL),
        ({}, object(), USUAL.replace(')', ', validation besides)')),
        (
            dict(usual_epochs=800, usual_steps=4000),
            None,
            f'{USUAL} 800 epochs would take about 1 h 20 min.',
        ),
        (dict(usual_epochs=5, usual_steps=99), None, USUAL),
    ],
    ids=['alone', 'with validation', 'few', 'made longer since'],
)
def test_the_time_is_told_before_the_first_step(usual, validation, said, monkeypatch, capsys):
    monkeypatch.setattr(progress_hook, 'seconds_a_step', lambda runner: 1.2)
    runner = SimpleNamespace(iter=0, max_iters=100, val_loop=validation, logger=None)
    ProgressHook(**usual).before_train(runner)
    assert capsys.readouterr().out == said + '\n'


def test_a_trial_that_fails_is_left_to_the_training_to_tell(caplog, capsys):
    runner = SimpleNamespace(iter=0, max_iters=100, logger=logging.getLogger('trial'))
    with caplog.at_level('INFO', 'trial'):
        ProgressHook().before_train(runner)
    assert capsys.readouterr().out == ''
    assert 'How long a step takes could not be tried' in caplog.text


def test_a_run_that_goes_on_counts_its_own_steps(clock, capsys):
    run(ProgressHook(), clock, steps=4, seconds=1.5, first=90)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        'step 92 of 100, loss 0.0109, 5.33 images/s, 12 s left',
        'Trained 4 steps in 6 s.',
    ]


def test_on_a_terminal_there_is_a_bar(clock, monkeypatch, capsys):
    monkeypatch.setenv('FORCE_COLOR', '1')  # which tells rich that this is one
    monkeypatch.setenv('COLUMNS', '120')
    run(ProgressHook(), clock, steps=3, seconds=2.0)
    out = capsys.readouterr().out
    assert '3/100 steps' in out and 'loss 0.3333, 4 images/s' in out
    assert out.endswith('Trained 3 steps in 6 s.\n')


def test_the_console_shows_warnings_for_users_alone(tmp_path, capsys):
    class Runner:
        def build_logger(self, **options):
            return MMLogger('quiet', log_file=str(tmp_path / 'log'), **options)

    quiet = type('Quiet', (QuietConsole, Runner), {})()
    logger = quiet.build_logger(log_level='INFO')
    logger.info('a detail')
    logger.warning('a loss is infinite')
    logger.warning('this will be deprecated in future')
    for handler in logger.handlers:
        handler.flush()
    shown = ''.join(capsys.readouterr())
    assert 'a loss is infinite' in shown
    assert 'a detail' not in shown and 'deprecated' not in shown
    written = (tmp_path / 'log').read_text()
    assert 'a detail' in written and 'deprecated' in written


def test_seconds_are_positive():
    with pytest.raises(ValueError, match='seconds=0.0, but a number above 0'):
        ProgressHook(seconds=0.0)
