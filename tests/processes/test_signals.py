"""Which signals tell a process to go, who hears them, and with what status it ends."""

import os
import signal

import pytest

from mmcnx2.processes.signals import leave_when_told, listen, status_after


@pytest.fixture(autouse=True)
def _handler():
    before = signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_ctrl_c_ends_with_what_shells_expect_and_all_others_with_another_try():
    assert status_after(signal.SIGINT) == 130
    assert {status_after(n) for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)} == {75}
    assert status_after(signal.SIGTERM, try_again=99) == 99
    assert status_after(signal.SIGINT, try_again=99) == 130


def test_the_handler_is_called_and_what_was_there_returned():
    heard = []
    before = listen([signal.SIGUSR1], lambda number, frame: heard.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    assert heard == [signal.SIGUSR1]
    assert before == {signal.SIGUSR1: signal.SIG_DFL}


def test_an_ignored_signal_stays_ignored():
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    assert listen([signal.SIGUSR1], lambda number, frame: None) == {}
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN


def test_a_forked_child_obeys():
    """A pool of processes, for one, is ended by signals, and waited for."""
    listen([signal.SIGUSR1], lambda number, frame: None)
    child = os.fork()
    if not child:
        os.kill(os.getpid(), signal.SIGUSR1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGUSR1


@pytest.mark.parametrize(
    ('when', 'said'),
    [
        ([], 'before the first step: nothing new is there to save'),
        (['before it was done'], 'before it was done'),
    ],
    ids=['a training', 'anything else'],
)
def test_who_is_told_to_go_says_what_becomes_of_it(when, said, capfd):
    child = os.fork()
    if not child:
        leave_when_told(*when)
        os.kill(os.getpid(), signal.SIGTERM)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 75
    assert capfd.readouterr().err == f'SIGTERM {said}.\n'
