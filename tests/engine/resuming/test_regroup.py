"""A checkpoint whose parameters were grouped otherwise goes on as if they had not been."""

from copy import deepcopy

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from torch import nn

from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.resuming.regroup import regroup
from tests.support.tiny_run import adam, cosine, log_of, run

OURS = 'mmcnx2.JoinedOptimWrapperConstructor'
PAPER = dict(flat_decay_mult=0.0)


def optimizer(*, joined: bool, paramwise=PAPER, **options) -> dict:
    own = dict(constructor=OURS) if joined else {}
    return dict(adam(foreach=False, **options), paramwise_cfg=dict(paramwise), **own)


def weights(runner) -> list[torch.Tensor]:
    return [value.clone() for value in runner.model.state_dict().values()]


def same(one, other) -> bool:
    return all(a.equal(b) for a, b in zip(weights(one), weights(other), strict=True))


SCHEDULE = [
    dict(type='LinearLR', start_factor=0.1, end=1, convert_to_iter_based=True),
    cosine(2),
]


@pytest.mark.parametrize('joined', [(False, True), (True, False), (True, True)], ids=str)
def test_a_run_goes_on_to_the_bit(tmp_path, joined):
    options = dict(epochs=2, param_scheduler=SCHEDULE)
    before, after = (optimizer(joined=each) for each in joined)
    whole, watched = run(tmp_path / 'whole', optim_wrapper=before, **options)
    run(tmp_path / 'broken', optim_wrapper=before, stop_at=5, **options)
    resumed, rest = run(tmp_path / 'broken', optim_wrapper=after, **options)
    assert same(resumed, whole)
    assert rest.rates == watched.rates[-len(rest.rates) :] and len(rest.rates) < 16
    assert len(resumed.optim_wrapper.optimizer.param_groups) == (2 if joined[1] else 4)
    assert 'The config is followed' not in log_of(resumed)


def test_it_goes_on_fused_and_says_so(tmp_path):
    run(tmp_path, epochs=2, optim_wrapper=optimizer(joined=False), stop_at=5)
    fused = dict(adam(), paramwise_cfg=dict(PAPER), constructor=OURS)
    resumed, _ = run(tmp_path, epochs=2, optim_wrapper=fused)
    groups = resumed.optim_wrapper.optimizer.param_groups
    assert len(groups) == 2 and all(group['fused'] for group in groups)
    assert 'fused is True (None in the checkpoint)' in log_of(resumed)
    assert all(torch.isfinite(value).all() for value in weights(resumed))


def test_a_rate_of_the_config_is_followed_all_the_same(tmp_path):
    run(tmp_path, epochs=2, optim_wrapper=optimizer(joined=False), stop_at=5)
    lower = optimizer(joined=True, lr=5e-4)
    resumed, watch = run(tmp_path, epochs=2, optim_wrapper=lower, param_scheduler=cosine(2))
    assert 'lr is 0.0005 (0.001 in the checkpoint)' in log_of(resumed)
    assert watch.rates[0] < 5e-4


def test_settings_that_were_not_equal_are_refused_as_ever(tmp_path):
    slower = dict(PAPER, custom_keys={'layers.0.weight': dict(lr_mult=0.5)})
    old = optimizer(joined=False, paramwise=slower)
    run(tmp_path, epochs=2, optim_wrapper=old, stop_at=5)
    with pytest.raises(CannotStartError, match='paramwise_cfg or .constructor') as refused:
        run(tmp_path, epochs=2, optim_wrapper=optimizer(joined=True))
    assert 'load_from instead of --resume' in str(refused.value)


class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4), nn.Linear(4, 1))

    def forward(self, x):
        return self.layers(x)


def make(joined: bool):
    torch.manual_seed(0)
    model = Net()
    return model, build_optim_wrapper(model, optimizer(joined=joined))


def step(model, wrapper, seed: int) -> None:
    inputs = torch.randn(4, 2, generator=torch.Generator().manual_seed(seed))
    wrapper.update_params(model(inputs).square().mean())


def test_every_average_finds_its_parameter():
    old, old_wrapper = make(joined=False)
    for seed in range(3):
        step(old, old_wrapper, seed)
    checkpoint = deepcopy(dict(optimizer=old_wrapper.state_dict()))
    new, new_wrapper = make(joined=True)
    new.load_state_dict(old.state_dict())
    regroup(new_wrapper, checkpoint, new)
    new_wrapper.load_state_dict(checkpoint['optimizer'])
    names = {id(parameter): name for name, parameter in new.named_parameters()}
    for parameter, state in new_wrapper.optimizer.state.items():
        twin = old_wrapper.optimizer.state[old.get_parameter(names[id(parameter)])]
        assert all(value.equal(twin[key]) for key, value in state.items())
    for seed in range(3, 6):
        step(old, old_wrapper, seed)
        step(new, new_wrapper, seed)
    assert all(value.equal(new.state_dict()[name]) for name, value in old.state_dict().items())


@pytest.mark.parametrize('change', ['frozen', 'renamed'])
def test_another_models_optimizer_is_left_as_it_is(change):
    old, old_wrapper = make(joined=change == 'renamed')
    step(old, old_wrapper, 0)
    new, _ = make(joined=True)
    if change == 'frozen':
        new.layers[0].requires_grad_(False)
    else:
        new.more = new.layers.pop(2)
    wrapper = build_optim_wrapper(new, optimizer(joined=True))
    checkpoint = dict(optimizer=old_wrapper.state_dict())
    before = deepcopy(checkpoint['optimizer']['param_groups'])
    regroup(wrapper, checkpoint, new)
    assert checkpoint['optimizer']['param_groups'] == before
