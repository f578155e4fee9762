"""Learning rates and weight decay of every parameter, beside the toolboxes' own constructors."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmpretrain.models import ImageClassifier
from torch import nn

from mmcnx2.models import ConvNeXtV2, FCMAEDecoder

DEPTHS = (2, 2, 6, 2)


class Detector(nn.Module):
    """What the constructors look at in a model: a backbone, and something after it."""

    def __init__(self, backbone: nn.Module):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
        self.neck = FCMAEDecoder(4, embed_dims=4, patch_size=2)


def make_model(**options) -> Detector:
    arch = dict(depths=DEPTHS, channels=(4, 4, 4, 4))
    return Detector(ConvNeXtV2(arch, out_indices=(0, 1, 2, 3), **options))


def settings(model: nn.Module, constructor: str, **paramwise) -> dict[str, tuple[float, float]]:
    """Return rate and weight decay of each parameter that a constructor set up."""
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='AdamW', lr=0.01, weight_decay=0.05),
            constructor=constructor,
            paramwise_cfg=paramwise,
        ),
    )
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: (group['lr'], group['weight_decay'])
        for group in wrapper.optimizer.param_groups
        for parameter in group['params']
    }


def ours(model: nn.Module, layer_decay_type: str, **paramwise) -> dict[str, tuple[float, float]]:
    return settings(
        model,
        'mmcnx2.LayerDecayOptimWrapperConstructor',
        layer_decay_type=layer_decay_type,
        layer_decay_rate=0.8,
        **{'flat_decay_mult': 0.0, **paramwise},
    )


def assert_same(expected: dict, actual: dict) -> None:
    assert expected.keys() == actual.keys()
    for name, pair in expected.items():
        assert actual[name] == pytest.approx(pair, rel=1e-12), name


@pytest.mark.parametrize('scope', ['mmdet', 'mmseg'])
@pytest.mark.parametrize(
    'layer_decay_type, decay_type', [('group', 'layer_wise'), ('stage', 'stage_wise')]
)
def test_equals_the_constructors_of_mmdet_and_mmseg(scope, layer_decay_type, decay_type):
    model = make_model()
    expected = settings(
        model,
        f'{scope}.LearningRateDecayOptimizerConstructor',
        decay_type=decay_type,
        decay_rate=0.8,
        num_layers=6,
    )
    assert_same(expected, ours(model, layer_decay_type))


def test_equals_mmpretrains_constructor():
    """Its classifiers hand names to the backbone, which counts as mmpretrain unless told."""
    model = ImageClassifier(
        backbone=make_model().backbone,
        head=dict(type='LinearClsHead', num_classes=3, in_channels=4),
    )
    expected = settings(
        model,
        'mmpretrain.LearningRateDecayOptimWrapperConstructor',
        layer_decay_rate=0.8,
        flat_decay_mult=0.0,
    )
    assert_same(expected, ours(model, 'group'))


def test_single_is_the_papers_formula():
    found = ours(make_model(), 'single')
    layers = sum(DEPTHS)
    rates = {name: lr / 0.01 for name, (lr, _) in found.items()}
    expected = {
        'backbone.downsample_layers.0.0.weight': layers,  # the stem learns as the first block
        'backbone.stages.0.0.norm.weight': layers,
        'backbone.stages.0.1.grn.gamma': layers - 1,
        'backbone.downsample_layers.2.1.weight': layers - 4,
        'backbone.stages.2.5.grn.beta': layers - 9,
        'backbone.stages.3.1.pointwise_conv2.bias': 1,
        'backbone.norm3.weight': 0,
        'head.0.weight': 0,
    }
    for name, power in expected.items():
        assert rates[name] == pytest.approx(0.8**power), name


def test_only_matrices_and_kernels_decay():
    model = make_model(layer_scale_init_value=1e-6)
    decays = {name: decay for name, (_, decay) in ours(model, 'group').items()}
    for name, parameter in model.named_parameters():
        assert decays[name] == (0.05 if parameter.ndim > 1 else 0.0), name
    spared = ('stages.0.0.grn.gamma', 'stages.0.0.grn.beta', 'stages.0.0.gamma', 'norm0.weight')
    assert not any(decays[f'backbone.{name}'] for name in spared)
    assert decays['neck.mask_token'] == decays['head.1.weight'] == decays['head.0.bias'] == 0


def test_mmengines_own_options_go_on_working():
    custom = {'backbone.stages.0.0.depthwise_conv': dict(lr_mult=0.1, decay_mult=0.5)}
    plain, changed = ours(make_model(), 'group'), ours(make_model(), 'group', custom_keys=custom)
    name = 'backbone.stages.0.0.depthwise_conv.weight'
    assert changed[name] == pytest.approx((plain[name][0] * 0.1, 0.025))
    assert changed['head.0.weight'] == plain['head.0.weight']


def test_frozen_parameters_are_left_out():
    found = ours(make_model(frozen_stages=2), 'single')
    assert not any(name.startswith('backbone.stages.1') for name in found)
    assert any(name.startswith('backbone.stages.2') for name in found)


def test_parameters_alike_share_a_group_and_bear_their_layer():
    model = make_model()
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='AdamW', lr=0.01, weight_decay=0.05),
            constructor='mmcnx2.LayerDecayOptimWrapperConstructor',
            paramwise_cfg=dict(
                layer_decay_type='single', layer_decay_rate=0.8, flat_decay_mult=0.0
            ),
        ),
    )
    groups = wrapper.optimizer.param_groups
    assert len(groups) == 2 * (sum(DEPTHS) + 1), 'one with and one without decay for each layer'
    assert [group['layer_id'] for group in groups] == sorted(2 * list(range(1, sum(DEPTHS) + 2)))
    assert all(group['lr'] == pytest.approx(0.01 * group['lr_scale']) for group in groups)
    named = [name for group in groups for name in group['param_names']]
    assert sorted(named) == sorted(name for name, _ in model.named_parameters())
    assert torch.tensor(wrapper.get_lr()['base_lr']).item() == pytest.approx(0.01)


@pytest.mark.parametrize(
    'paramwise, sentence',
    [
        (dict(layer_decay_rate=0.9), 'lacks layer_decay_type: layer-wise decay needs'),
        (dict(layer_decay_type='group'), 'lacks layer_decay_rate'),
        (dict(layer_decay_type='group', layer_decay_rate=1.5), 'layer_decay_rate=1.5 must be'),
        (dict(layer_decay_type='groups', layer_decay_rate=0.9), "layer_decay_type='groups' is"),
    ],
    ids=['type', 'rate', 'range', 'unknown'],
)
def test_what_is_missing_or_wrong_is_refused(paramwise, sentence):
    with pytest.raises(ValueError, match=sentence):
        settings(make_model(), 'mmcnx2.LayerDecayOptimWrapperConstructor', **paramwise)


def test_a_backbone_that_cannot_count_is_refused():
    with pytest.raises(ValueError, match='Detector has a backbone of type Conv2d, which cannot'):
        ours(Detector(nn.Conv2d(3, 4, 1)), 'single')


@pytest.mark.parametrize(
    ('constructor', 'paramwise'),
    [
        (
            'mmdet.LearningRateDecayOptimizerConstructor',
            dict(decay_type='layer_wise', decay_rate=0.8, num_layers=6),
        ),
        (
            'mmseg.LearningRateDecayOptimizerConstructor',
            dict(decay_type='stage_wise', decay_rate=0.8, num_layers=6),
        ),
        (
            'mmpretrain.LearningRateDecayOptimWrapperConstructor',
            dict(layer_decay_rate=0.8, flat_decay_mult=0.0),
        ),
    ],
    ids=['mmdet', 'mmseg', 'mmpretrain'],
)
def test_the_toolboxes_constructors_join_what_is_alike_too(constructor, paramwise):
    model = ImageClassifier(
        backbone=make_model().backbone,
        head=dict(type='LinearClsHead', num_classes=3, in_channels=4),
    )
    groups = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='AdamW', lr=0.01, weight_decay=0.05, fused=True),
            constructor=constructor,
            paramwise_cfg=paramwise,
        ),
    ).optimizer.param_groups
    settings = [
        {key: value for key, value in group.items() if key not in ('params', 'param_names')}
        for group in groups
    ]
    assert all(settings.count(each) == 1 for each in settings)
