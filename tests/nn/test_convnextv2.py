"""The backbone: the paper's sizes, mmpretrain's numbers, its options and its refusals."""

import pytest
import torch
from mmpretrain.models import ConvNeXt

from mmcnx2.archs import ARCHS
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.closeness import assert_all_close, assert_close, gradients
from tests.support.toy import ARCH, make_images, make_net, make_visible

# Paper.md section a: parameters with a 1000-class head, and multiply-adds at 224 px, in millions.
PARAMETERS = {
    'atto': 3.71,
    'femto': 5.23,
    'pico': 9.07,
    'nano': 15.62,
    'tiny': 28.64,
    'base': 88.72,
    'large': 197.96,
    'huge': 660.29,
}
MULTIPLY_ADDS = {
    'atto': 547,
    'femto': 780,
    'pico': 1367,
    'nano': 2446,
    'tiny': 4456,
    'base': 15360,
    'large': 34360,
    'huge': 114900,
}


def build_mmpretrain(arch, **options):
    if isinstance(arch, dict):
        arch = {key: list(value) for key, value in arch.items()}
    options = {'gap_before_final_norm': False, 'use_grn': True} | options
    options.setdefault('layer_scale_init_value', 0.0)
    return ConvNeXt(arch=arch, **options).double()


@pytest.mark.parametrize('name', ARCHS)
def test_parameters_of_the_published_sizes(name):
    with torch.device('meta'):
        net = ConvNeXtV2(name)
    head = 1000 * net.channels[-1] + 1000
    total = sum(p.numel() for p in net.parameters()) + head
    assert total / 1e6 == pytest.approx(PARAMETERS[name], abs=0.006), name


@pytest.mark.parametrize('name', ARCHS)
def test_multiply_adds_of_the_published_sizes(name):
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device('meta'), FlopCounterMode(display=False) as counter:
        net = ConvNeXtV2(name, gap_before_final_norm=True)
        net(torch.empty(1, 3, 224, 224))
    total = counter.get_total_flops() / 2 + 1000 * net.channels[-1]
    # The table counts to four digits.
    assert total / 1e6 == pytest.approx(MULTIPLY_ADDS[name], rel=1.5e-3), name


# The largest is looked at a block a stage: 660 million numbers say no more.
SIZES = {name: name for name in ARCHS} | {'huge': dict(ARCHS['huge'], depths=(1, 1, 1, 1))}


@pytest.mark.parametrize('name', SIZES)
def test_equals_mmpretrain_at_every_published_size(name):
    with torch.device('meta'):  # no time for initial values that are overwritten
        ours = ConvNeXtV2(SIZES[name]).double()
    ours.to_empty(device='cpu')
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.uniform_(-0.03, 0.03)
    theirs = build_mmpretrain(SIZES[name])
    theirs.load_state_dict(ours.state_dict(), strict=True, assign=True)
    images = make_images(1, 32, 32)
    with torch.no_grad():
        assert_close(name, theirs(images)[0], ours(images)[0], relative=1e-10)


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'gap_before_final_norm': True},
        {'stem_patch_size': 2},
        {'in_channels': 4},
        {'use_grn': False, 'layer_scale_init_value': 1e-6},
    ],
    ids=['plain', 'gap', 'stem2', 'four-channels', 'v1'],
)
# Neither side of the last divides: each downsampling drops what is left over.
@pytest.mark.parametrize('size', [(64, 64), (96, 160), (75, 97)], ids='{0[0]}x{0[1]}'.format)
def test_equals_mmpretrain_with_gradients(options, size):
    ours = make_net(final_norm=True, **options)
    theirs = build_mmpretrain(ARCH, **options)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    images = make_images(2, *size, options.get('in_channels', 3))
    assert_all_close(gradients(theirs, images), gradients(ours, images), relative=1e-10)


def test_out_indices_return_pyramids_with_a_norm_each():
    images = make_images(2, 64, 96)
    ours = make_net(out_indices=(0, 1, 2, -1), final_norm=True)
    theirs = build_mmpretrain(ARCH, out_indices=[0, 1, 2, 3])
    theirs.load_state_dict(ours.state_dict(), strict=True)
    expected, actual = theirs(images), ours(images)
    assert [tuple(x.shape[2:]) for x in actual] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    for i, (a, b) in enumerate(zip(expected, actual, strict=True)):
        assert_close(f'map {i}', a, b, relative=1e-10)


def test_every_parameter_gets_a_gradient_under_a_mask():
    net = make_net()
    net(make_images(2, 64, 64), make_visible(2, 2, 2, 1)).sum().backward()
    idle = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle, f'no gradient reaches {idle}'


def test_frozen_stages_neither_learn_nor_drop():
    net = make_net(frozen_stages=2, drop_path_rate=0.9).train()
    frozen = {n.split('.')[1] for n, p in net.named_parameters() if not p.requires_grad}
    assert frozen == {'0', '1'}
    assert not net.stages[1][0].training and net.stages[2][0].training


def test_drop_path_rises_linearly_over_all_blocks():
    net = ConvNeXtV2(ARCH, drop_path_rate=0.4)
    rates = [block.drop_path.rate for stage in net.stages for block in stage]
    assert rates == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_a_new_block_adds_no_grn_and_weights_are_small():
    net = ConvNeXtV2(ARCH)
    assert not net.stages[0][0].grn.gamma.any() and not net.stages[0][0].grn.beta.any()
    assert net.stages[0][0].pointwise_conv1.weight.std().item() == pytest.approx(0.02, rel=0.3)


def test_bfloat16_autocast_stays_close_to_float32():
    net = make_net(layout='packed').float()
    images, visible = make_images(2, 64, 96).float(), make_visible(2, 2, 3, 2)
    expected = net(images, visible)
    with torch.autocast('cpu', torch.bfloat16):
        actual = net(images, visible)
    actual.sum().backward()
    assert_close('latent', expected, actual.float(), relative=0.1)
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'arch': 'giant'}, "arch='giant' is unknown: use one of atto, femto"),
        ({'arch': {'depths': (1, 2)}}, 'must be a name or dict'),
        ({'arch': {'depths': (1, 2), 'channels': (8,)}}, 'one of each for every stage'),
        ({'layout': 'sparse'}, "layout='sparse' is unknown"),
        ({'grn_scope': 'world'}, "grn_scope='world' is unknown"),
        ({'out_indices': 4}, 'names stage 4, but there are 4'),
        ({'frozen_stages': 5}, 'frozen_stages=5 must be between -1 and 4'),
        ({'drop_path_rate': 1.0}, 'drop_path_rate=1.0 must be at least 0 and below 1'),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ConvNeXtV2(**({'arch': ARCH} | options))


@pytest.mark.parametrize('size', [(64, 65), (225, 224)])
def test_under_a_mask_a_size_that_the_stride_does_not_divide_is_refused(size):
    visible = torch.ones(1, size[0] // 32, size[1] // 32, dtype=torch.bool)
    with pytest.raises(ValueError, match=f'{size[0]}x{size[1]} px .* patches of 32 px'):
        make_net()(make_images(1, *size), visible)


@pytest.mark.parametrize('size', [(0, 32), (64, 31)])
def test_a_size_below_the_stride_is_refused(size):
    with pytest.raises(ValueError, match=f'{size[0]}x{size[1]} px are smaller than the stride'):
        make_net()(make_images(1, *size))


def test_under_a_mask_there_is_no_final_norm():
    images, visible = make_images(1, 64, 64), make_visible(1, 2, 2, 3)
    with_norm = make_net(final_norm=True)
    without = make_net()
    without.load_state_dict(with_norm.state_dict(), strict=False)
    assert torch.equal(with_norm(images, visible), without(images, visible))


def test_visible_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r'shape \(1, 2, 2\).*need \(1, 2, 3\)'):
        make_net()(make_images(1, 64, 96), torch.ones(1, 2, 2, dtype=torch.bool))


def test_visible_that_is_a_mask_of_numbers_is_refused():
    with pytest.raises(TypeError, match='float32, but must be bool, True where'):
        make_net()(make_images(1, 64, 96), torch.ones(1, 2, 3))


def test_a_checkpoint_of_another_size_is_refused_by_name():
    other = make_net({'depths': (1, 2, 1, 1), 'channels': (16, 24, 32, 48)}).state_dict()
    with pytest.raises(
        ValueError, match=r'downsample_layers.0.0.weight is \(16, 3, 4, 4\), needs \(8, 3, 4, 4\)'
    ):
        make_net().load_state_dict(other)
