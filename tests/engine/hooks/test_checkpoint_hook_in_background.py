"""AtomicCheckpointHook(background=True) keeps every promise of saving at once."""

import random
import signal
import threading
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.engine import LossSpikeHook
from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook, UnsavedError
from tests.engine.hooks.test_checkpoint_hook import Break, FullDisk, names
from tests.engine.hooks.test_resume_hook import assert_same_end, finished, load_end
from tests.engine.saving.test_background_saving import SlowBackend
from tests.support.forkserver import start
from tests.support.long_run import Tiny as Quick
from tests.support.long_run import end_state, train
from tests.support.states import assert_same_state
from tests.support.tiny import LeaveOut, Tiny
from tests.support.tiny_run import build, run

BACKGROUND = dict(max_keep_ckpts=2, background=True)


def saver_of(runner) -> AtomicCheckpointHook:
    return next(hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook))


def test_the_files_are_those_of_saving_at_once(tmp_path):
    keep_all = dict(max_keep_ckpts=-1)
    run(tmp_path / 'a', checkpoint=keep_all)
    run(tmp_path / 'b', checkpoint=dict(keep_all, background=True))
    assert names(tmp_path / 'a') == names(tmp_path / 'b') != []
    for name in names(tmp_path / 'a'):
        at_once, later = (
            torch.load(tmp_path / folder / name, weights_only=True) for folder in 'ab'
        )
        assert at_once.keys() == later.keys()
        assert_same_state(dict(later['state_dict']), dict(at_once['state_dict']))
        states = [saved['optimizer']['state'] for saved in (later, at_once)]
        assert_same_end(*states, path=f'{name}: optimizer')


class Order(Hook):
    """Lets the first save go on only after some steps, and notes what is there by then."""

    priority = 'LOWEST'

    def __init__(self, gate: threading.Event, until: int):
        self.gate, self.until = gate, until
        self.there = self.note = None

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if runner.iter + 1 == self.until:
            self.there = names(Path(runner.work_dir))
            self.note = Path(runner.work_dir, 'last_checkpoint').exists()
            self.gate.set()


def test_training_goes_on_while_one_save_at_a_time_is_made_in_order(tmp_path, monkeypatch):
    events, gate = [], threading.Event()
    monkeypatch.setattr(SlowBackend, 'events', events, raising=False)
    monkeypatch.setattr(SlowBackend, 'gate', gate, raising=False)
    order = Order(gate, until=3)
    slow = dict(backend='test_slow')
    checkpoint = dict(BACKGROUND, interval=4, save_begin=2, backend_args=slow)
    runner, _ = build(tmp_path, hooks=(order,), checkpoint=dict(checkpoint, max_keep_ckpts=1))
    runner.train()
    assert isinstance(saver_of(runner).file_backend, SlowBackend)
    # A third step was taken while the save of the second waited to be written.
    assert order.there == [] and not order.note
    files = ('iter_2.pth', 'iter_6.pth', 'iter_8.pth')
    assert [event[:2] for event in events] == [
        (what, name) for name in files for what in ('begins', 'ends')
    ]
    assert {thread.rpartition('_')[0] for *_, thread in events} == {'checkpoints'}
    assert names(tmp_path) == ['iter_8.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == f'{tmp_path}/iter_8.pth'
    assert [iterations for iterations, _ in saver_of(runner).saved] == [2, 6, 8]


def test_a_failure_is_told_and_counted_and_older_ones_stay(tmp_path, monkeypatch):
    FullDisk(monkeypatch, full_from=4, full_to=6)
    runner, _ = run(tmp_path, checkpoint=BACKGROUND)
    assert saver_of(runner).failures == 3
    assert [iterations for iterations, _ in saver_of(runner).saved] == [1, 2, 3, 7, 8]
    assert names(tmp_path) == ['iter_7.pth', 'iter_8.pth']


def test_a_last_one_that_fails_is_rescued_as_ever(tmp_path, monkeypatch):
    FullDisk(monkeypatch, full_from=8, full_to=8)
    runner, _ = run(tmp_path, checkpoint=BACKGROUND)
    assert saver_of(runner).failures == 1
    assert names(tmp_path) == ['iter_6.pth', 'iter_7.pth', 'iter_8.pth']


def test_while_the_disk_is_full_to_the_end_the_newest_stays(tmp_path, monkeypatch):
    FullDisk(monkeypatch, full_from=4, full_to=100)
    with pytest.raises(UnsavedError, match="the last checkpoint, 'iter_8.pth', could not be writ"):
        run(tmp_path, checkpoint=BACKGROUND)
    assert names(tmp_path) == ['iter_3.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == f'{tmp_path}/iter_3.pth'


def test_what_is_not_finite_takes_no_good_checkpoints_place(tmp_path):
    broken = Break('running statistics', range(5, 99))
    with pytest.raises(UnsavedError, match='not finite'):
        run(tmp_path, model=Tiny(), hooks=(broken,), checkpoint=BACKGROUND)
    assert names(tmp_path) == ['iter_3.pth', 'iter_4.pth', 'not_finite.pth']


def test_a_save_of_its_own_waits_for_what_is_under_way(tmp_path):
    seen = []

    class SaveNow(Hook):
        priority = 'LOWEST'

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
            if runner.iter + 1 == 2:
                saver = saver_of(runner)
                saver.when_saved.append(seen.append)
                saver.save_within_epoch(runner, saver.INTERRUPTED)
                assert names(tmp_path) == ['interrupted.pth', 'iter_1.pth', 'iter_2.pth']

    run(tmp_path, stop_at=3, hooks=(SaveNow(),), checkpoint=BACKGROUND)
    interrupted = f'{tmp_path}/interrupted.pth'
    assert interrupted in seen and seen[: seen.index(interrupted)] in (
        [],
        [f'{tmp_path}/iter_2.pth'],
    )


def test_going_back_waits_for_the_save_that_it_goes_back_to(tmp_path):
    checkpoint = dict(BACKGROUND, interval=2)
    hook = LossSpikeHook(window=5, rollbacks=1)
    back, fresh = (
        run(tmp_path / name, model=Tiny(spikes={7}), hooks=(other,), checkpoint=checkpoint)[0]
        for name, other in (('back', hook), ('fresh', LeaveOut(7)))
    )
    assert (hook.rolled_back, hook._back_to) == (1, f'{tmp_path}/back/iter_6.pth')
    assert_same_end(end_state(back), end_state(fresh))


POINTS = ('queued', 'written', 'flushed', 'renamed', 'replaced', 'removed', 'waiting')
"""Where a process is killed: in the order in which the thread gets there."""


def newest_step(folder: Path) -> int:
    return max((int(path.stem.partition('_')[2]) for path in folder.glob('iter_*.pth')), default=0)


def test_killed_around_saves_in_the_background_it_ends_as_if_it_had_never_been(tmp_path):
    options = dict(epochs=5, checkpoint=BACKGROUND)
    whole = start(train, tmp_path / 'whole', model=Quick, options=options)
    draw = random.Random(5)
    points = ['before', 'after', *POINTS, *(draw.uniform(0, 0.03) for _ in range(4))]
    draw.shuffle(points)
    saved = 0
    for number, point in enumerate(points):
        step = draw.randint(2, 3)
        process = start(train, tmp_path / 'killed', step, point, Quick, options)
        assert finished(process) == -signal.SIGKILL, f'run {number} was not killed ({point})'
        before, saved = saved, newest_step(tmp_path / 'killed')
        assert saved >= before + step - 2, f'run {number} lost a save ({point})'
    assert not (tmp_path / 'killed/end.pt').exists(), 'it was killed after its end'
    assert finished(start(train, tmp_path / 'killed', model=Quick, options=options)) == 0
    assert finished(whole) == 0
    assert_same_end(load_end(tmp_path / 'killed'), load_end(tmp_path / 'whole'))
    assert not list((tmp_path / 'killed').glob('.*')), 'half-written files are left'


def test_the_outdated_way_to_name_a_back_end_is_refused():
    with pytest.raises(ValueError, match='background=True, but file_client_args=.*backend_args'):
        AtomicCheckpointHook(background=True, file_client_args=dict(backend='disk'))
