"""Numbers that are not finite are found, wherever a checkpoint holds them, and nothing else is."""

import pytest
import torch
from torch import nn

from mmcnx2.engine.saving.nonfinite import describe, find_nonfinite, is_finite, nonfinite_buffers

NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize('value', [NAN, INF, -INF])
@pytest.mark.parametrize('dtype', [torch.half, torch.bfloat16, torch.float, torch.double])
def test_one_number_among_many(value, dtype):
    for place in (0, 500, 999):
        tensor = torch.linspace(-9, 9, 1000).to(dtype)
        assert is_finite(tensor)
        tensor[place] = value
        assert not is_finite(tensor)


def test_what_cannot_be_infinite_passes():
    assert is_finite(torch.empty(0)) and is_finite(torch.arange(3)) and is_finite(torch.ones(1) > 0)
    assert is_finite(torch.full((2,), 3e38)) and is_finite(torch.ones(2, dtype=torch.cfloat))
    assert not is_finite(torch.tensor([1 + 1j, complex(0, NAN)]))
    assert is_finite(torch.ones(2).to(torch.float8_e4m3fn))
    assert not is_finite(torch.tensor([1, NAN]).to(torch.float8_e4m3fn))


@pytest.mark.parametrize(
    ('part', 'name'),
    [
        ('state_dict', 'norm.running_mean'),
        ('ema_state_dict', 'module.norm.running_mean'),
        ('optimizer', 'state.3.exp_avg'),
    ],
)
def test_it_is_named(part, name):
    weights = {'norm.running_mean': torch.zeros(2)}
    average = dict(step=torch.tensor(1.0), exp_avg=torch.zeros(2))
    checkpoint = dict(
        meta=dict(loss=NAN),
        state_dict=dict(weights),
        ema_state_dict={f'module.{key}': value.clone() for key, value in weights.items()},
        optimizer=dict(state={3: average}, param_groups=[dict(lr=0.1, params=[0])]),
    )
    assert find_nonfinite(checkpoint) == []
    where = average['exp_avg'] if part == 'optimizer' else checkpoint[part][name]
    where[1] = INF
    assert find_nonfinite(checkpoint) == [f'{part}.{name}']


def test_buffers_that_are_meant_so_pass():
    model = nn.Linear(2, 2)
    model.register_buffer('mask', torch.tensor([0, -INF]))
    constants = nonfinite_buffers(model)
    assert constants == ['mask']
    averaged = {f'module.{name}': value for name, value in model.state_dict().items()}
    checkpoint = dict(state_dict=model.state_dict(), ema_state_dict=averaged)
    assert len(find_nonfinite(checkpoint)) == 2
    assert find_nonfinite(dict(checkpoint, nonfinite_constants=constants)) == []


def test_a_sentence_counts_them():
    assert describe(['a']) == "'a' is not finite"
    assert describe(['a', 'b', 'c']) == "'a' and 2 others are not finite"
