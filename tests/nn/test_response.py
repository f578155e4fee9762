"""Steps after GELU by name: the rivals', and whoever else registers one."""

import re

import pytest
import torch
from torch import nn

from mmcnx2.nn import FCMAE
from mmcnx2.nn.after_gelu import AfterGELU
from mmcnx2.nn.response import RESPONSES, register_response
from tests.support.command_line import ROOT


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """Forget afterwards what a test registers."""
    monkeypatch.setattr('mmcnx2.nn.response.RESPONSES', dict(RESPONSES))


def test_the_step_that_the_docs_show_trains_in_encoder_and_decoder():
    page = (ROOT / 'docs/ablations.md').read_text()
    code = re.search(r'```python\n(# my_step\.py.*?)```', page, re.DOTALL)[1]
    exec(code, {'__name__': 'my_step'})
    arch = {'depths': (1, 1), 'channels': (8, 12)}
    model = FCMAE(arch, embed_dims=8, response='max_norm')
    model(torch.randn(2, 3, 32, 32)).backward()
    steps = [model.backbone.stages[0][0].grn, model.neck.blocks[0].grn]
    assert [type(step).__name__ for step in steps] == ['MaxNorm'] * 2
    assert all(step.scale.grad.any() for step in steps)


def test_a_name_is_given_once():
    @register_response('own')
    class Own(AfterGELU, nn.Module):
        pass

    assert register_response('own')(Own) is Own
    with pytest.raises(ValueError, match="'own' is Own already: choose another name"):
        register_response('own')(nn.Identity)


def test_an_unknown_name_says_where_the_rivals_are():
    with pytest.raises(ValueError, match="'nn' is unknown: use one of grn.*import mmcnx2.rivals"):
        FCMAE({'depths': (1,), 'channels': (4,)}, response='nn')
