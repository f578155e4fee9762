"""Which kernels compute where."""

from importlib.util import find_spec

import pytest
import torch

from mmcnx2.ops import choice
from mmcnx2.ops.choice import choose_ops, describe_ops

CPU, CUDA = torch.device('cpu'), torch.device('cuda')


def test_auto_takes_triton_on_cuda_alone():
    assert choose_ops('auto', CPU) == 'torch'
    assert choose_ops('auto', CUDA) == ('triton' if find_spec('triton') else 'torch')


def test_a_named_choice_holds_everywhere():
    for device in (CPU, CUDA):
        assert choose_ops('torch', device) == 'torch'
        assert choose_ops('triton', device) == 'triton'


def test_without_triton_auto_takes_torch_and_triton_is_refused(monkeypatch):
    monkeypatch.setattr(choice, 'find_spec', lambda name: None)
    assert choose_ops('auto', CUDA) == 'torch'
    with pytest.raises(ImportError, match='ops="triton" needs Triton, which is not installed'):
        choice.check_ops('triton')


def test_the_log_says_it_in_a_line():
    assert describe_ops('torch').startswith("ops='torch': torch on every device; CUDA is ")
    if find_spec('triton'):
        assert "'auto': triton on CUDA, torch elsewhere" in describe_ops('auto')
