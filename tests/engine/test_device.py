"""The device that a model goes to."""

import pytest
import torch

from mmcnx2.engine.device import choose_device


def test_a_device_is_one_that_is_there():
    assert choose_device('cpu') == torch.device('cpu')
    torch.empty(1, device=choose_device())


@pytest.mark.parametrize('name', ['cuda:999', 'npu', 'nonsense', 'cpu:x', 'cuda:'])
def test_any_other_is_refused_in_a_sentence(name):
    with pytest.raises(ValueError, match=f"device='{name}' is not there: use such as 'cpu'"):
        choose_device(name)
