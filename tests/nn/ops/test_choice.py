"""Which kernels compute where."""

from importlib.util import find_spec

import pytest
import torch

from mmcnx2.compat.c_compiler import has_c_compiler
from mmcnx2.nn.ops import choice
from mmcnx2.nn.ops.choice import choose_ops, describe_ops

CPU, CUDA = torch.device('cpu'), torch.device('cuda')


FAST = {CUDA: 'triton', CPU: 'numba'}
INSTALLED = {
    device: name
    for device, name in FAST.items()
    if find_spec(name) and (name != 'triton' or has_c_compiler())
}


def test_auto_takes_triton_on_cuda_and_numba_on_a_cpu():
    for device in (CPU, CUDA):
        assert choose_ops('auto', device) == INSTALLED.get(device, 'torch')
    assert choose_ops('auto', torch.device('meta')) == 'torch'


def test_a_named_choice_holds_everywhere():
    for device in (CPU, CUDA):
        assert choose_ops('torch', device) == 'torch'
        assert choose_ops('triton', device) == 'triton'


def test_numba_is_refused_off_the_cpu():
    with pytest.raises(ValueError, match='ops="numba" computes on a CPU, but the images are on cu'):
        choose_ops('numba', CUDA)


@pytest.mark.parametrize('name', ['triton', 'numba'])
def test_without_its_compiler_auto_takes_torch_and_the_name_is_refused(name, monkeypatch):
    monkeypatch.setattr(choice, 'find_spec', lambda name: None)
    assert choose_ops('auto', CUDA) == choose_ops('auto', CPU) == 'torch'
    with pytest.raises(ImportError, match=f'ops="{name}" needs {name.title()}, which is not inst'):
        choice.check_ops(name)


def test_without_a_c_compiler_triton_is_not_taken_and_the_name_is_refused(monkeypatch):
    monkeypatch.setattr(choice, 'has_c_compiler', lambda: False)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert choose_ops('auto', CUDA) == 'torch'
    assert choose_ops('auto', CPU) == INSTALLED.get(CPU, 'torch')
    with pytest.raises(
        ImportError, match='"triton" needs a C compiler .*: apt-get install gcc python3-dev'
    ):
        choice.check_ops('triton')
    assert 'torch on CUDA' in describe_ops('auto') and 'need a C compiler' in describe_ops('auto')


def test_the_log_says_it_in_a_line():
    assert describe_ops('torch').startswith("ops='torch': torch on every device; CUDA is ")
    assert "ops='numba': numba on a CPU alone" in describe_ops('numba')
    on_cuda, on_cpu = (INSTALLED.get(device, 'torch') for device in (CUDA, CPU))
    assert f"'auto': {on_cuda} on CUDA, {on_cpu} on a CPU; CUDA" in describe_ops('auto')
