"""What a training program keeps beside its weights is saved in types that every torch reads."""

import argparse
import io
import pickle
from collections import Counter, OrderedDict, defaultdict, namedtuple
from enum import IntEnum
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from torch import Tensor, _weights_only_unpickler

from mmcnx2.checkpoints.plain_types import TYPES, make_plain, restore_types

mmengine = pytest.importorskip('mmengine')
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer


@pytest.fixture
def plain_torch(monkeypatch):
    """torch as it is where nobody allowed anything more."""
    monkeypatch.setattr(_weights_only_unpickler, '_marked_safe_globals_set', set())


def saved(checkpoint) -> dict:
    """Return what torch reads of a checkpoint."""
    file = io.BytesIO()
    torch.save(checkpoint, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def there_and_back(value):
    checkpoint, left_out = make_plain(dict(hub=dict(value=value)))
    assert left_out == {}
    found = saved(checkpoint)
    restore_types(found)
    assert list(found) == ['hub']
    return found['hub']['value']


SCALARS = [np.dtype(code).type(1) for code in '?bhilBHILefdFD']
ARRAYS = [np.arange(6).astype(code).reshape(2, 3) for code in '?bhilqBHILQefdFD']
ALIKE = [
    *(1, 1 << 80, True, None, 0.5, 1 + 2j, 'words', 'ü', b'bytes', b'', (), [], {}, set()),
    torch.Size((2, 3)), torch.float16, torch.device('cpu'),
    *SCALARS,
    Path('/runs/dir'), [Path('a'), (Path('b'), [Path('c')])],
    OrderedDict(b=1, a=np.float64(2)), Counter('aab'), {1, 2}, {('a', 1): np.int64(3)},
    ConfigDict(a=dict(b=np.float32(1), c=[Path('d')])),
]  # fmt: skip


@pytest.mark.parametrize('value', ALIKE, ids=lambda value: f'{type(value).__name__}-{value}')
def test_values_are_read_as_they_were(value, plain_torch):
    found = there_and_back(value)
    assert found == value
    assert repr(found) == repr(value) and type(found) is type(value)


@pytest.mark.parametrize(
    'array',
    [*ARRAYS, np.array(2, 'f4'), np.zeros((0, 3)), np.arange(6).reshape(2, 3).T,
     np.arange(3, dtype='>i4'), np.arange(3)[::-1]],
    ids=lambda array: f'{array.dtype}-{array.shape}',
)  # fmt: skip
def test_arrays_are_read_as_they_were(array, plain_torch):
    found = there_and_back(array)
    np.testing.assert_array_equal(found, array)
    assert (type(found), found.shape) == (np.ndarray, array.shape)
    assert found.dtype == array.dtype.newbyteorder('=')
    found[...] = 1  # can be written


def test_a_history_is_read_as_it_was(plain_torch):
    history = HistoryBuffer([1.0, 2.0, 6.0], [1, 1, 2], max_length=9)
    found = there_and_back(history)
    assert type(found) is HistoryBuffer
    assert (found.max_length, found.mean(), found.current()) == (9, 9 / 4, 6)
    assert [row.dtype for row in found.data] == [row.dtype for row in history.data]


def test_programs_that_do_not_know_the_table_find_plain_values(plain_torch):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    hub = dict(best=np.float64(0.5), folder=Path('/a'), row=np.ones(2), loss=history)
    found = saved(make_plain(dict(hub=hub))[0])
    row, loss = found['hub'].pop('row'), found['hub'].pop('loss')
    assert found['hub'] == dict(best=0.5, folder='/a')
    assert type(row) is Tensor and row.tolist() == [1, 1]
    assert loss['values'].tolist() == [1, 2] and loss['max_length'] == history.max_length
    assert found[TYPES]['hub', 'loss'] == 'mmengine.logging.history_buffer.HistoryBuffer'


def test_what_is_saved_already_needs_no_table_and_is_not_copied():
    state = OrderedDict(weight=torch.ones(1))
    state._metadata = dict(version=1)
    plain, left_out = make_plain(dict(state_dict=state, meta=dict(epoch=1)))
    assert plain['state_dict'] is state and left_out == {}
    assert list(plain) == ['state_dict', 'meta']


def test_a_state_dict_that_changes_keeps_its_attributes_and_the_program_keeps_its_own():
    state = OrderedDict(weight=torch.ones(1), extra=np.ones(1))
    state._metadata = dict(version=1)
    plain, _ = make_plain(dict(state_dict=state))
    assert plain['state_dict']._metadata == dict(version=1)
    assert type(plain['state_dict']['extra']) is Tensor and type(state['extra']) is np.ndarray


Pair = namedtuple('Pair', 'a b')


class Level(IntEnum):
    ONE = 1


itself = []
itself.append(itself)
UNKNOWN = {
    'function': print, 'lambda': lambda: 1, 'class': Path, 'object': object(),
    'namespace': argparse.Namespace(a=1), 'enum': Level.ONE, 'namedtuple': Pair(1, 2),
    'defaultdict': defaultdict(list), 'frozenset': frozenset(), 'pure_path': PurePosixPath('a'),
    'module': torch.nn.Linear(1, 1), 'strings': np.array(['a']), 'objects': np.array([None]),
    'structure': np.zeros(1, 'i4,f4'), 'long': np.longdouble(1), 'masked': np.ma.ones(1),
    'history': HistoryBuffer([object()], [1]), 'key': {object(): 1}, 'set': {frozenset()},
    'inner': [1, (2, [print])], 'itself': itself, 'generator': torch.Generator(),
}  # fmt: skip


@pytest.mark.parametrize('name', UNKNOWN)
def test_what_has_no_plain_form_is_left_out_by_name(name, plain_torch):
    hub = {'before': np.float64(1), name: UNKNOWN[name], 'after': Path('a')}
    checkpoint, left_out = make_plain(dict(hub=dict(info=hub), state_dict={}))
    assert [key.split('.')[:3] for key in left_out] in ([['hub', 'info', name]],)
    assert all(left_out.values())
    found = saved(checkpoint)
    restore_types(found)
    rest = {name: {}} if name == 'key' else {}
    assert found['hub']['info'] == dict(before=np.float64(1), after=Path('a'), **rest)


def test_tensors_lose_what_python_hung_on_them(plain_torch):
    class Marked(Tensor):
        pass

    plain = torch.ones(2)
    plain.note = print
    parameter = torch.nn.Parameter(torch.ones(2))
    for tensor in (plain, parameter, torch.ones(2).as_subclass(Marked)):
        found = there_and_back(tensor)
        assert isinstance(found, Tensor) and found.tolist() == [1, 1]


@pytest.mark.parametrize(
    'types',
    [{('hub', 'gone'): 'pathlib.Path'}, {('hub', 'a'): 'os.system'}, {(): 'pathlib.Path'},
     {('hub', 'a'): 'numpy.ndarray'}, {'hub': 'pathlib.Path'}, ['hub'],
     {('hub', 'a', 0, 1): 'pathlib.Path'}],
    ids=str,
)  # fmt: skip
def test_a_table_that_does_not_fit_is_refused(types):
    with pytest.raises(ValueError, match='table of types does not fit'):
        restore_types({'hub': {'a': 1}, TYPES: types})


def test_a_checkpoint_without_a_table_stays_as_it_is():
    checkpoint = dict(weight=1)
    restore_types(checkpoint)
    assert checkpoint == dict(weight=1)


def test_pickles_of_mmengine_were_refused_by_plain_torch(plain_torch):
    """The reason for all this."""
    for value in (np.float64(1), np.ones(1), HistoryBuffer([1.0], [1]), Path('a'), b''):
        with pytest.raises(pickle.UnpicklingError):
            saved(dict(value=value))
