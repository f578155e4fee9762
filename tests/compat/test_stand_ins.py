"""A crafted file gets no further with the names of numpy and mmengine than with torch alone."""

import argparse
import copyreg
import io
import pickle
import zipfile
from collections import Counter
from contextlib import contextmanager, suppress

import numpy as np
import pytest
import torch

from mmcnx2.checkpoints.files import CheckpointError, read_checkpoint

try:
    from numpy._core.multiarray import _reconstruct, scalar
except ImportError:  # numpy 1
    from numpy.core.multiarray import _reconstruct, scalar

ADDRESS = b'AAAAAAAA'
F8 = ('f8', False, True)
LITTLE = (3, '<', None, None, None, -1, -1, 0)
OBJECTS = (3, '<', None, None, None, -1, -1, 63)  # flags that say: these bytes are addresses


class Reduced:
    """Is pickled as a call, and a state if there is one, of the test's choice."""

    def __init__(self, *reduction):
        self.reduction = reduction

    def __reduce__(self):
        return self.reduction


class New:
    """Is pickled as a new object of a class, made without ``__init__``, and its state."""

    def __init__(self, cls, *arguments, state=None):
        self.made = cls, *arguments
        self.state = state

    @property
    def __class__(self):  # pickle asks for it
        return self.made[0]

    def __reduce_ex__(self, protocol):
        return copyreg.__newobj__, self.made, self.state


@contextmanager
def classes_allowed(monkeypatch):
    """Allow numpy's classes themselves, in the place of what stands for them."""
    from torch import _weights_only_unpickler as unpickler

    with monkeypatch.context() as patch:
        plain = {np.ndarray, np.dtype, type(np.dtype('f8')), _reconstruct, scalar}
        patch.setattr(unpickler, '_marked_safe_globals_set', plain)
        yield


def crafted(folder, value):
    path = folder / 'stranger.pth'
    torch.save(dict(state_dict={}, value=value), path)
    return path


def test_numpys_own_classes_would_take_any_state(tmp_path, monkeypatch):
    """What makes the attack: bytes of the file become addresses of objects."""
    with classes_allowed(monkeypatch):
        array = torch.load(crafted(tmp_path, Reduced(np.ndarray, (1, 'O', ADDRESS))))['value']
        assert array.dtype.hasobject and array.base == ADDRESS  # array[0] would be read there
        dtype = torch.load(crafted(tmp_path, Reduced(np.dtype, F8, OBJECTS)))['value']
        assert dtype == np.dtype('f8') and dtype.hasobject


def array(*state):
    return Reduced(_reconstruct, (np.ndarray, (0,), b'b'), state)


DTYPE = Reduced(np.dtype, F8, LITTLE)
CRAFTED = {
    'objects over bytes': Reduced(np.ndarray, (1, 'O', ADDRESS)),
    'new objects over bytes': New(np.ndarray, 1, 'O', ADDRESS),
    'read while loading': Reduced(Counter, (Reduced(np.ndarray, (1, 'O', ADDRESS)),)),
    'flags': Reduced(np.dtype, F8, OBJECTS),
    'size': Reduced(np.dtype, F8, (3, '<', None, None, None, 1 << 40, -1, 0)),
    'order': Reduced(np.dtype, F8, (3, 'O', None, None, None, -1, -1, 0)),
    'fields': Reduced(np.dtype, F8, (3, '<', None, ('x',), {'x': (DTYPE, 1 << 20)}, -1, -1, 0)),
    'short dtype': Reduced(np.dtype, F8, (3, '<')),
    'objects': Reduced(np.dtype, ('O', False, True)),
    'structure': Reduced(np.dtype, ('V8', False, True)),
    'named structure': Reduced(np.dtype, ([('x', 'f8')],)),
    'dtype made of nothing': array(1, (1,), New(np.dtype), False, ADDRESS),
    'array of another dtype': array(1, (1,), Reduced(np.dtype, F8, OBJECTS), False, ADDRESS),
    'array without dtype': array(1, (1,), 'O', False, ADDRESS),
    'array too short': array(1, (2,), DTYPE, False, ADDRESS),
    'array of negative size': array(1, (-1, -1), DTYPE, False, ADDRESS),
    'array too large': array(1, (1 << 62, 4, 0), DTYPE, False, ADDRESS),
    'array of a list': array(1, (1,), DTYPE, False, [1.0]),
    'array of a wrong shape': array(1, 1, DTYPE, False, ADDRESS),
    'array that begins full': Reduced(_reconstruct, (np.ndarray, (5,), b'b')),
    'array of another class': Reduced(_reconstruct, (torch.Tensor, (0,), b'b')),
    'scalar of another dtype': Reduced(scalar, (Reduced(np.dtype, F8, OBJECTS), ADDRESS)),
    'scalar too short': Reduced(scalar, (DTYPE, b'AAA')),
    'scalar of an object': Reduced(scalar, (DTYPE, [1])),
    'bytes of something': Reduced(bytes, (1 << 30,)),
    'getattr': Reduced(getattr, (np.ndarray, 'tofile')),
    'namespace of methods': New(argparse.Namespace, state={'__class__': 1}),
    'namespace of a list': New(argparse.Namespace, state=[1]),
}  # fmt: skip


@pytest.mark.parametrize('name', CRAFTED)
def test_a_crafted_state_is_refused(name, tmp_path):
    sentence = "^checkpoint '.*stranger.pth' (cannot|is not) (.*)[.]$"
    with pytest.raises(CheckpointError, match=sentence):
        read_checkpoint(crafted(tmp_path, CRAFTED[name]))


def test_an_array_is_not_filled_twice(tmp_path):
    """The memory of the first would be free while torch still uses it."""
    once = pickle.dumps(array(1, (1,), DTYPE, False, ADDRESS), 2)
    state = once[once.index(b'(K\x01K\x01') : -1]  # MARK ... TUPLE, BUILD
    assert state.endswith(b'b')
    body = once[:-1] + state + b'.'
    with pytest.raises(CheckpointError, match='filled in a way that numpy does not write'):
        read_checkpoint(archive(tmp_path / 'twice.pth', body))


def archive(path, body):
    """Write a pickle as torch does, with the right checksums."""
    file = io.BytesIO()
    torch.save({}, file)
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(path, 'w') as target:
        for name in source.namelist():
            target.writestr(name, body if name.endswith('data.pkl') else source.read(name))
    return path


def test_what_training_programs_write_is_read_as_what_it_was(tmp_path):
    arguments = argparse.Namespace(lr=0.1, layers=[1, 2], inner=argparse.Namespace())
    saved = dict(
        args=arguments,
        scalar=np.float32(0.1),
        array=np.arange(6, dtype='i4').reshape(2, 3).T,
        nothing=np.array([]),
        bytes=b'',
    )
    torch.save(saved, tmp_path / 'theirs.pth')
    found = read_checkpoint(tmp_path / 'theirs.pth')
    assert found['args'] == arguments and type(found['args']) is argparse.Namespace
    assert found['scalar'] == np.float32(0.1) and type(found['scalar']) is np.float32
    assert found['bytes'] == b''
    for name in ('array', 'nothing'):
        np.testing.assert_array_equal(found[name], saved[name])
        assert found[name].dtype == saved[name].dtype
        assert pickle.dumps(found[name]) == pickle.dumps(saved[name])


def test_a_history_buffer_is_read_as_mmengines(tmp_path):
    logging = pytest.importorskip('mmengine.logging')
    buffer = logging.HistoryBuffer([1.0, 2.0, 4.0], [1, 1, 2], max_length=7)
    torch.save(dict(buffer=buffer), tmp_path / 'theirs.pth')
    found = read_checkpoint(tmp_path / 'theirs.pth')['buffer']
    assert type(found) is logging.HistoryBuffer
    assert (found.max_length, found.mean(), found.current()) == (7, 7 / 4, 4)
    found.update(8.0)
    assert [type(row) for row in found.data] == [np.ndarray] * 2
    assert found.statistics('max', 2) == 8


def first(buffer):
    """Return the oldest value: a statistic of a user's."""
    return buffer.data[0][0]


def test_statistics_come_from_the_program_not_from_the_file(tmp_path, monkeypatch):
    logging = pytest.importorskip('mmengine.logging')
    buffer = logging.HistoryBuffer([1.0, 3.0], [1, 1])
    methods = dict(buffer._statistics_methods)
    monkeypatch.setattr(logging.HistoryBuffer, '_statistics_methods', methods)
    methods.update(first=first, mean=logging.HistoryBuffer.max)
    torch.save(dict(buffer=buffer), tmp_path / 'theirs.pth')
    with pytest.raises(CheckpointError, match='asks for .*test_stand_ins.first.*add_safe_globals'):
        read_checkpoint(tmp_path / 'theirs.pth')
    methods.update(mean=logging.HistoryBuffer.mean)
    with torch.serialization.safe_globals([first]):
        found = read_checkpoint(tmp_path / 'theirs.pth')['buffer']
    assert (found.statistics('first'), found.statistics('mean')) == (1, 2)


STATE = dict(max_length=5, _log_history=np.ones(2), _count_history=np.ones(2, int))
STATES = {
    'a method': dict(STATE, update='print'),
    'an attribute': dict(STATE, extra=1),
    'a missing row': {k: v for k, v in STATE.items() if k != '_log_history'},
    'rows of other lengths': dict(STATE, _log_history=np.ones(3)),
    'a table': dict(STATE, _log_history=np.ones((2, 1))),
    'a list': dict(STATE, _log_history=[1.0, 1.0]),
    'no length': dict(STATE, max_length='5'),
    'no dict': [1, 2],
}


@pytest.mark.parametrize('name', STATES)
def test_a_history_buffer_takes_two_rows_of_numbers_alone(name, tmp_path):
    logging = pytest.importorskip('mmengine.logging')
    value = New(logging.HistoryBuffer, state=STATES[name])
    with pytest.raises(CheckpointError, match='HistoryBuffer|other than the statistics'):
        read_checkpoint(crafted(tmp_path, value))
    assert logging.HistoryBuffer([1.0, 3.0], [1, 1]).statistics('mean') == 2


@pytest.mark.filterwarnings('ignore:Detected pickle protocol')
def test_whatever_byte_of_the_pickle_is_another_the_process_lives(tmp_path):
    value = dict(args=argparse.Namespace(lr=0.1), row=np.arange(3.0), number=np.float64(1))
    file = io.BytesIO()
    torch.save(value, file)
    with zipfile.ZipFile(file) as written:
        body = written.read('archive/data.pkl')
    read = 0
    for place in range(0, len(body), 3):
        changed = bytearray(body)
        changed[place] ^= 1 << place % 8
        with suppress(CheckpointError):
            str(read_checkpoint(archive(tmp_path / 'changed.pth', bytes(changed))))
            read += 1
    assert 0 < read < len(body) / 3
