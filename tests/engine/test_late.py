"""Numbers that are read late are those that would have been read at once."""

import copy
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub

from mmcnx2.engine.late import Late, LateHistory, note

VALUES = [0.5, float('nan'), 2.0, 0.25]


def late(values=VALUES, history: HistoryBuffer | None = None) -> LateHistory:
    made = LateHistory(history)
    for value in values:
        made.add(torch.tensor(value))
    return made


def same(one: HistoryBuffer, other: HistoryBuffer) -> bool:
    return all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(one.data, other.data, strict=True)
    )


def test_a_history_is_that_of_numbers_read_at_once():
    plain = HistoryBuffer()
    for value in VALUES:
        plain.update(value)
    assert same(late(), plain)
    assert late([1.0, 2.0, 3.0]).mean(2) == 2.5
    assert late().current() == 0.25 and late().max(1) == 0.25
    assert late().statistics('min', 1) == 0.25


def test_late_and_plain_numbers_keep_their_order():
    history = late([1.0], HistoryBuffer([7.0], [2]))
    history.update(5.0, 3)
    history.add(torch.tensor(6.0))
    assert history.data[0].tolist() == [7.0, 1.0, 5.0, 6.0]
    assert history.data[1].tolist() == [2, 1, 3, 1]


def test_it_forgets_the_oldest_as_any_history_does():
    history = late([1.0, 2.0, 3.0], HistoryBuffer([0.0], [1]))
    history.max_length = 2
    history.add(torch.tensor(4.0))
    history.add(torch.tensor(5.0))
    assert history.data[0].tolist() == [4.0, 5.0]


@pytest.mark.parametrize('twin', [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_what_is_saved_is_a_plain_history(twin):
    history = late()
    saved = twin(history)
    assert type(saved) is HistoryBuffer and same(saved, history)
    assert saved.max_length == history.max_length


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float64, torch.int64, torch.bool])
def test_any_number_is_read(dtype):
    assert Late(torch.ones((), dtype=dtype, requires_grad=dtype.is_floating_point)).read() == 1


def test_a_hub_takes_tensors_and_numbers_and_saves_them():
    hub = MessageHub.get_instance('late')
    hub.update_scalar('train/loss', 3.0)
    note(hub, 'train/loss', torch.tensor(1.0))
    note(hub, 'train/time', 0.5)
    note(hub, 'train/norm', torch.tensor([2.0]))
    assert hub.get_scalar('train/loss').data[0].tolist() == [3.0, 1.0]
    state = hub.state_dict()['log_scalars']
    assert {name: each.current() for name, each in state.items()} == {
        'train/loss': 1.0, 'train/time': 0.5, 'train/norm': 2.0,
    }  # fmt: skip
    assert all(type(each) is HistoryBuffer for each in state.values())
