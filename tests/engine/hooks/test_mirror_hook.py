"""Checkpoints are copied elsewhere while training goes on, whatever happens there."""

import shutil
import threading

import pytest

from mmcnx2.engine import MirrorHook
from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook
from mmcnx2.engine.mirror import NOTE, Mirror
from mmcnx2.engine.resuming.refusal import CannotStartError
from tests.engine.hooks.test_resume_hook import assert_same_end, damage
from tests.support.long_run import end_state
from tests.support.tiny_run import log_of, run


def mirrored(tmp_path, **options):
    """Train eight steps, saved after each, of which two stay."""
    hook = MirrorHook(f'file://{tmp_path}/mirror', **options)
    runner, _ = run(tmp_path / 'run', hooks=(hook,), checkpoint=dict(max_keep_ckpts=2))
    return hook, runner


def copies(tmp_path) -> list[str]:
    folder = tmp_path / 'mirror/run'
    return sorted(path.name for path in folder.iterdir() if path.name != NOTE)


def wait_for_each(monkeypatch) -> None:
    """Have copies keep up with saves."""
    hand_in = MirrorHook._hand_in

    def wait(self, path) -> None:
        hand_in(self, path)
        if (thread := self._thread) is not None:
            thread.join()

    monkeypatch.setattr(MirrorHook, '_hand_in', wait)


def test_every_save_is_copied_and_the_newest_copies_stay(tmp_path, monkeypatch):
    wait_for_each(monkeypatch)
    hook, _ = mirrored(tmp_path, keep=3)
    assert (hook.copied, hook.failures, hook.passed_over) == (8, 0, 0)
    assert copies(tmp_path) == ['iter_6.pth', 'iter_7.pth', 'iter_8.pth']
    for name in ('iter_7.pth', 'iter_8.pth'):
        assert (tmp_path / 'mirror/run' / name).read_bytes() == (
            tmp_path / 'run' / name
        ).read_bytes()


def test_every_third_and_the_last_one(tmp_path, monkeypatch):
    wait_for_each(monkeypatch)
    hook, _ = mirrored(tmp_path, interval=3, keep=9)
    assert copies(tmp_path) == ['iter_3.pth', 'iter_6.pth', 'iter_8.pth']


def test_a_slow_place_stops_nothing_and_the_newest_gets_there(tmp_path, monkeypatch):
    put, gate, began = Mirror.put, threading.Event(), []

    def slow(self, folder, run, file, name) -> None:
        began.append(name)
        assert gate.wait(60)
        put(self, folder, run, file, name)

    monkeypatch.setattr(Mirror, 'put', slow)
    after_train = MirrorHook.after_train
    monkeypatch.setattr(
        MirrorHook, 'after_train', lambda self, runner: (gate.set(), after_train(self, runner))
    )
    hook, _ = mirrored(tmp_path)
    # iter_1 has long been removed when it is copied.
    assert began == copies(tmp_path) == ['iter_1.pth', 'iter_8.pth']
    assert (hook.copied, hook.failures, hook.passed_over) == (2, 0, 6)


def test_failures_stop_nothing_and_are_counted_and_told(tmp_path, monkeypatch):
    def refuse(self, *arguments) -> None:
        raise ConnectionError('no route to host')

    wait_for_each(monkeypatch)
    monkeypatch.setattr(Mirror, 'put', refuse)
    hook, runner = mirrored(tmp_path)
    assert runner.iter == 8 and hook.failures == 8
    said = ''.join(path.read_text() for path in (tmp_path / 'run').glob('*/*.log'))
    assert said.count('WAS NOT COPIED') == 8 and 'no route to host; failure 8' in said
    assert 'misses checkpoints: 8 copies failed' in said


def test_saves_in_the_background_are_copied_too(tmp_path, monkeypatch):
    wait_for_each(monkeypatch)
    hook = MirrorHook(str(tmp_path / 'mirror'), keep=9)
    run(tmp_path / 'run', hooks=(hook,), checkpoint=dict(max_keep_ckpts=2, background=True))
    assert copies(tmp_path) == [f'iter_{step}.pth' for step in range(1, 9)]


def test_the_checkpoint_of_an_interruption_is_copied_whatever_the_interval(tmp_path):
    hook = MirrorHook(str(tmp_path / 'mirror'), interval=100)
    source = tmp_path / AtomicCheckpointHook.INTERRUPTED
    source.write_bytes(b'saved')
    hook._folder, hook._run, hook._interrupted = 'run', 'a', AtomicCheckpointHook.INTERRUPTED
    hook._take(str(source))
    if (thread := hook._thread) is not None:
        thread.join()
    assert copies(tmp_path) == ['interrupted.pth']


def test_without_a_hook_that_saves_it_says_what_is_missing(tmp_path):
    hook = MirrorHook(str(tmp_path / 'mirror'))
    with pytest.raises(ValueError, match='add that to default_hooks'):
        run(tmp_path / 'run', hooks=(hook,), default_hooks={})


def mirrored_and_lost(tmp_path) -> None:
    """Break a run off behind its fifth step, and lose its folder."""
    hook = MirrorHook(str(tmp_path / 'mirror'))
    run(tmp_path / 'run', hooks=(hook,), stop_at=5)
    if (thread := hook._thread) is not None:
        thread.join()
    shutil.rmtree(tmp_path / 'run')


def again(tmp_path, **options):
    hook = MirrorHook(str(tmp_path / 'mirror'))
    return run(tmp_path / 'run', hooks=(hook,), **options)


def test_on_another_machine_resume_goes_on_from_the_newest_copy(tmp_path):
    mirrored_and_lost(tmp_path)
    runner, watch = again(tmp_path)
    assert "'iter_5.pth' was fetched from the mirror" in log_of(runner)
    assert len(watch.images) == 3, 'it did not go on behind step 5'
    whole, _ = run(tmp_path / 'whole')
    assert_same_end(end_state(runner), end_state(whole))
    assert copies(tmp_path)[-1] == 'iter_8.pth', 'it is no longer the same run to the mirror'


def test_a_damaged_copy_is_passed_over(tmp_path):
    mirrored_and_lost(tmp_path)
    damage(tmp_path / 'mirror/run/iter_5.pth')
    runner, watch = again(tmp_path)
    assert "'iter_4.pth' was fetched" in log_of(runner) and len(watch.images) == 4


def test_where_no_copy_can_be_fetched_it_does_not_begin_anew(tmp_path, monkeypatch):
    mirrored_and_lost(tmp_path)

    def refuse(self, *arguments) -> None:
        raise ConnectionError('no route to host')

    for name in ('copies', 'fetch'):
        with monkeypatch.context() as patch:
            patch.setattr(Mirror, name, refuse)
            for _ in range(2):  # the first try leaves nothing that a second one takes for its run
                with pytest.raises(CannotStartError, match='no checkpoint, .*no route'):
                    again(tmp_path)
    assert len(again(tmp_path)[1].images) == 3


def test_a_checkpoint_that_is_there_wins_and_so_does_an_anew_that_is_asked_for(tmp_path):
    mirrored_and_lost(tmp_path)
    assert len(again(tmp_path, resume=False, stop_at=2)[1].images) == 2
    assert len(again(tmp_path)[1].images) == 6
