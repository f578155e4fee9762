"""What a thread writes is what would have been written at once, in order, one at a time."""

import io
import threading

import pytest
import torch
from mmengine.fileio import register_backend

from mmcnx2.engine.saving.atomic_backend import AtomicBackend
from mmcnx2.engine.saving.background_saving import OneAtATime, Parcel, ParcelBackend


def bytes_of(checkpoint: dict) -> bytes:
    with io.BytesIO() as file:
        torch.save(checkpoint, file)
        return file.getvalue()


def make_checkpoint() -> dict:
    weight = torch.arange(12.0).reshape(3, 4)
    return dict(
        state_dict=dict(weight=weight, tied=weight, turned=weight.T, part=weight[1:, ::2]),
        optimizer=dict(state={0: dict(step=torch.tensor(3.0))}, groups=[dict(lr=0.1)]),
        names=['a', 'a'],
    )


def test_the_file_is_that_of_a_save_at_once_whatever_training_does_meanwhile(tmp_path):
    checkpoint = make_checkpoint()
    expected = bytes_of(checkpoint)
    parcel, weight = Parcel(), checkpoint['state_dict']['weight']
    parcel.take(checkpoint)
    assert not checkpoint, 'what is left would be written twice'
    with parcel.open():
        ParcelBackend().put(b'', tmp_path / 'a.pth')
    weight.zero_()
    parcel.write(lambda checkpoint: None, dict(backend='mmcnx2_atomic'))
    assert (tmp_path / 'a.pth').read_bytes() == expected


def test_files_are_written_in_order_and_none_behind_one_that_fails(tmp_path):
    parcel = Parcel()
    for number in range(3):
        parcel.take(dict(number=number))
        parcel.address(tmp_path / f'{number}.pth')
    seen = []

    def check(checkpoint: dict) -> None:
        seen.append(checkpoint['number'])
        if checkpoint['number'] == 1:
            raise OSError('no')

    with pytest.raises(OSError, match='no'):
        parcel.write(check, None)
    assert seen == [0, 1]
    assert [path.name for path in tmp_path.iterdir()] == ['0.pth']


def test_one_thing_at_a_time():
    thread, go_on = OneAtATime('test'), threading.Event()
    thread.start(go_on.wait)
    assert not thread.done and not thread.idle
    with pytest.raises(RuntimeError, match='not idle'):
        thread.start(print)
    go_on.set()
    assert thread.result() is True and thread.idle


def test_what_it_raises_comes_with_its_result():
    thread = OneAtATime('test')
    thread.start(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        thread.result()
    assert thread.idle


@register_backend('test_slow', force=True)
class SlowBackend(AtomicBackend):
    """Notes who writes what when, and waits to be let go on.

    Attributes:
        events: ``('begins' or 'ends', name of the file, name of the thread)``.
        gate: Waited for within each write.
    """

    events: list
    gate: threading.Event

    def put(self, obj, filepath) -> None:
        name, thread = str(filepath).rpartition('/')[2], threading.current_thread().name
        self.events.append(('begins', name, thread))
        assert self.gate.wait(60)
        super().put(obj, filepath)
        self.events.append(('ends', name, thread))
