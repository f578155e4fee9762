"""Which kernels compute where."""

from importlib.util import find_spec

import pytest
import torch

from mmcnx2.nn.ops import choice
from mmcnx2.nn.ops.choice import MAPS, PACKED, choose_ops, describe_ops

CPU, CUDA = torch.device('cpu'), torch.device('cuda')
NUMBA = 'numba' if find_spec('numba') else 'torch'


def test_auto_takes_what_was_measured_and_torch_where_nothing_was():
    assert choose_ops('auto', CPU, PACKED) == NUMBA
    assert choose_ops('auto', CPU, MAPS) == 'torch'
    for device in (CUDA, torch.device('meta')):
        assert choose_ops('auto', device, PACKED) == choose_ops('auto', device, MAPS) == 'torch'


def test_a_named_choice_holds_everywhere():
    for device in (CPU, CUDA):
        for features in (PACKED, MAPS):
            assert choose_ops('torch', device, features) == 'torch'
            assert choose_ops('triton', device, features) == 'triton'


def test_numba_is_refused_off_the_cpu():
    with pytest.raises(ValueError, match='ops="numba" computes on a CPU, but the images are on cu'):
        choose_ops('numba', CUDA, PACKED)


@pytest.mark.parametrize('name', ['triton', 'numba'])
def test_without_its_compiler_auto_takes_torch_and_the_name_is_refused(name, monkeypatch):
    monkeypatch.setattr(choice, 'find_spec', lambda name: None)
    assert choose_ops('auto', CPU, PACKED) == 'torch'
    assert 'numba is faster, but cannot be used here' in describe_ops('auto')
    with pytest.raises(ImportError, match=f'ops="{name}" needs {name.title()}, which is not inst'):
        choice.check_ops(name)


def test_without_a_c_compiler_triton_is_not_taken_and_the_name_is_refused(monkeypatch):
    monkeypatch.setattr(choice, 'has_c_compiler', lambda: False)
    monkeypatch.setitem(choice.FASTEST, ('cuda', PACKED), 'triton')  # as if it had been measured
    assert choose_ops('auto', CUDA, PACKED) == 'torch'
    assert choose_ops('auto', CPU, PACKED) == NUMBA
    with pytest.raises(
        ImportError, match='"triton" needs a C compiler .*: apt-get install gcc python3-dev'
    ):
        choice.check_ops('triton')
    assert 'on CUDA (triton is faster, but cannot be used here)' in describe_ops('auto')


def test_the_log_says_it_in_a_line():
    assert describe_ops('torch').startswith("ops='torch': torch on every device; CUDA is ")
    assert "ops='numba': numba on a CPU alone" in describe_ops('numba')
    said = describe_ops('auto')
    for features in (PACKED, MAPS):
        assert f'{features} by torch on CUDA (nothing was measured there' in said
    assert f'{MAPS} by torch on CPU (measured)' in said
