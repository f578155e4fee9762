"""One group for all parameters alike, and fused steps: the same steps, hardly any calls."""

import pytest
import torch
from mmengine.optim import OptimWrapper, build_optim_wrapper
from torch import nn

from mmcnx2.engine.optimizers.joined import JoinedOptimWrapperConstructor, settings_of
from mmcnx2.nn import FCMAE
from tests.support.dispatch import CountCalls

OURS, MMENGINES = 'mmcnx2.JoinedOptimWrapperConstructor', 'DefaultOptimWrapperConstructor'
ADAMW = dict(type='AdamW', lr=1e-2, betas=(0.9, 0.95), weight_decay=0.05)
PAPER = dict(flat_decay_mult=0.0)


def network() -> nn.Module:
    torch.manual_seed(0)
    return FCMAE(dict(depths=(1, 1, 1, 1), channels=(8, 8, 16, 16)), embed_dims=8)


def wrapped(model: nn.Module, constructor: str, paramwise=PAPER, **optimizer) -> OptimWrapper:
    settings = {key: value for key, value in (ADAMW | optimizer).items() if value is not None}
    cfg = dict(optimizer=settings, constructor=constructor, paramwise_cfg=dict(paramwise))
    return build_optim_wrapper(model, cfg)


def fill_gradients(model: nn.Module, step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    for parameter in model.parameters():
        gradient = torch.randn(parameter.shape, generator=generator)
        parameter.grad = gradient.to(parameter.dtype)


def weights_after_ten_steps(constructor: str, **optimizer) -> dict[str, torch.Tensor]:
    model = network()
    wrapper = wrapped(model, constructor, **optimizer)
    for step in range(10):
        fill_gradients(model, step)
        wrapper.step()
    return model.state_dict()


def settings_by_name(wrapper: OptimWrapper, model: nn.Module) -> dict[str, tuple]:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: (group['lr'], group['weight_decay'])
        for group in wrapper.optimizer.param_groups
        for parameter in group['params']
    }


KEYS = {'neck': dict(lr_mult=0.5), 'stages.1': dict(decay_mult=0.5)}
PARAMWISE = [PAPER, dict(PAPER, bias_lr_mult=2.0), dict(norm_decay_mult=0.0, custom_keys=KEYS)]


@pytest.mark.parametrize('paramwise', PARAMWISE, ids=['paper', 'biases', 'custom keys'])
def test_each_parameter_keeps_its_settings_and_each_setting_is_there_once(paramwise):
    model = network()
    expected = settings_by_name(wrapped(model, MMENGINES, paramwise), model)
    wrapper = wrapped(model, OURS, paramwise)
    assert settings_by_name(wrapper, model) == expected
    groups = wrapper.optimizer.param_groups
    settings = [settings_of(group) for group in groups]
    assert all(settings.count(each) == 1 for each in settings)
    for group in groups:
        named = dict(model.named_parameters())
        assert [id(named[name]) for name in group['param_names']] == list(map(id, group['params']))


def test_the_optimizers_own_value_is_the_same_setting_named_or_not():
    everywhere = {'backbone': dict(decay_mult=1.0, lr_mult=1.0), 'neck': dict(lr_mult=1.0)}
    wrapper = wrapped(network(), OURS, dict(custom_keys={'backbone.stages.0': dict()}))
    assert len(wrapper.optimizer.param_groups) == 1
    wrapper = wrapped(network(), OURS, dict(custom_keys=everywhere))
    decays = {group['weight_decay'] for group in wrapper.optimizer.param_groups}
    assert decays == {0.05} and len(wrapper.optimizer.param_groups) == 2


def test_without_fusion_ten_steps_are_equal_to_the_bit():
    one_a_parameter = weights_after_ten_steps(MMENGINES)
    joined = weights_after_ten_steps(OURS, foreach=False)
    assert all(value.equal(joined[name]) for name, value in one_a_parameter.items())


@pytest.mark.parametrize('kind', ['AdamW', 'Adam', 'SGD'])
def test_fused_ten_steps_are_equal_but_for_rounding(kind):
    own = {key: ADAMW[key] for key in ('lr', 'weight_decay')}
    ends = []
    for constructor in (MMENGINES, OURS):
        model = network().double()
        cfg = dict(
            optimizer=dict(own, type=kind), constructor=constructor, paramwise_cfg=dict(PAPER)
        )
        wrapper = build_optim_wrapper(model, cfg)
        for step in range(10):
            fill_gradients(model, step)
            wrapper.step()
        assert all(
            bool(g['fused']) == (constructor == OURS) for g in wrapper.optimizer.param_groups
        )
        ends.append(model.state_dict())
    for name, value in ends[0].items():
        torch.testing.assert_close(ends[1][name], value, rtol=1e-6, atol=1e-9, msg=name)


def test_a_step_of_atto_takes_six_calls():
    model = FCMAE('atto')
    wrapper = wrapped(model, OURS)
    for step in range(2):  # the first one makes the averages
        fill_gradients(model, step)
        with CountCalls() as counted:
            wrapper.step()
    assert len(wrapper.optimizer.param_groups) == 2
    assert counted.calls.total() <= 6, counted.calls


@pytest.mark.parametrize('said', [dict(fused=False), dict(foreach=True), dict(capturable=True)])
def test_how_to_compute_is_left_to_who_says_so(said):
    ((key, value),) = said.items()
    groups = wrapped(network(), OURS, **said).optimizer.param_groups
    assert all(group[key] == value and not group['fused'] for group in groups)


def test_what_torch_cannot_fuse_is_not_fused():
    model = network()
    model.phase = nn.Parameter(torch.zeros(2, dtype=torch.complex64))
    assert not wrapped(model, OURS).optimizer.param_groups[0]['fused']
    assert not wrapped(network().to('meta'), OURS).optimizer.param_groups[0]['fused']
    adagrad = wrapped(network(), OURS, type='Adagrad', betas=None)
    assert not adagrad.optimizer.param_groups[0]['fused']


def test_without_options_there_is_one_group():
    (group,) = wrapped(network(), OURS, {}).optimizer.param_groups
    assert group['fused']


def test_a_parameter_in_two_places_takes_one_step_or_is_refused():
    model = network()
    model.again = model.neck.proj
    with pytest.raises(ValueError, match=r"'neck\.proj\.weight' is in the model 2 times.*bypass"):
        wrapped(model, OURS)
    groups = wrapped(model, OURS, dict(PAPER, bypass_duplicate=True)).optimizer.param_groups
    assert sum(len(group['params']) for group in groups) == len([*model.parameters()])


def test_it_is_mmengines_with_mmengines_arguments():
    with pytest.raises(TypeError, match='optim_wrapper_cfg=3, but dict is expected'):
        JoinedOptimWrapperConstructor(3)
