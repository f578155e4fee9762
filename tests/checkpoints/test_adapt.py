"""Other images and other classes: what stays exactly the same when the weights change."""

import pytest
import torch
import torch.nn.functional as F

from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.closeness import assert_close
from tests.support.logits import logits_of
from tests.support.states import assert_same_state, bare, make_state
from tests.support.toy import ARCH, make_images

STEM = 'downsample_layers.0.0.weight'


def features(state: dict, images: torch.Tensor, **options) -> torch.Tensor:
    net = ConvNeXtV2(ARCH, **options).double()
    net.load_state_dict(state, strict=True)
    with torch.no_grad():
        return net(images)[0]


@pytest.fixture(scope='module')
def state() -> dict:
    return bare(make_state('norm'))


@pytest.mark.parametrize('channels', [1, 2, 4, 13])
def test_sum_sees_gray_images_in_any_channels_as_gray(state, channels):
    gray = make_images(2, 64, 64, channels=1)
    adapted = convert_state_dict(state, in_channels=channels, stem='sum')
    expected = features(state, gray.expand(-1, 3, -1, -1))
    actual = features(adapted, gray.expand(-1, channels, -1, -1), in_channels=channels)
    assert_close('features', expected, actual, relative=1e-10)


@pytest.mark.parametrize('times', [2, 3])
def test_repeat_sees_an_image_given_several_times_as_given_once(state, times):
    images = make_images(2, 64, 64)
    adapted = convert_state_dict(state, in_channels=3 * times, stem='repeat')
    actual = features(adapted, images.repeat(1, times, 1, 1), in_channels=3 * times)
    assert_close('features', features(state, images), actual, relative=1e-10)


@pytest.mark.parametrize('channels', [4, 13])
def test_new_sees_the_first_channels_as_before_and_learns_the_others(state, channels):
    images = make_images(2, 64, 64, channels=channels)
    adapted = convert_state_dict(state, in_channels=channels, stem='new')
    actual = features(adapted, images, in_channels=channels)
    assert_close('features', features(state, images[:, :3]), actual, relative=1e-10)
    net = ConvNeXtV2(ARCH, in_channels=channels).double()
    net.load_state_dict(adapted)
    net(images)[0].square().mean().backward()
    gradient = net.downsample_layers[0][0].weight.grad
    assert (gradient.abs().amax((0, 2, 3)) > 0).all()


@pytest.mark.parametrize('how', ['sum', 'repeat', 'new'])
def test_a_model_takes_weights_of_other_channels_in_the_way_that_it_names(state, how):
    net = ConvNeXtV2(ARCH, in_channels=5, stem=how).double()
    net.load_state_dict(state)
    expected = convert_state_dict(state, in_channels=5, stem=how)
    assert torch.equal(net.state_dict()[STEM], expected[STEM])


def test_a_model_that_names_none_refuses_them_with_the_ways(state):
    with pytest.raises(ValueError, match=r"stem sees other channels with stem='sum', 'repeat' or"):
        ConvNeXtV2(ARCH, in_channels=5).double().load_state_dict(state)


def test_repeat_takes_colors_in_turn(state):
    adapted = convert_state_dict(state, in_channels=5, stem='repeat')[STEM]
    assert torch.equal(adapted, state[STEM][:, [0, 1, 2, 0, 1]] * (3 / 5))


@pytest.mark.parametrize('patch', [1, 2])
def test_a_smaller_stem_sees_small_images_as_if_enlarged(state, patch):
    images = make_images(1, 8 * 4 * patch, 8 * 2 * patch)
    adapted = convert_state_dict(state, stem_patch_size=patch)
    enlarged = F.interpolate(images, scale_factor=4 / patch, mode='nearest')
    actual = features(adapted, images, stem_patch_size=patch)
    assert_close('features', features(state, enlarged), actual, relative=1e-10)


def test_a_larger_stem_sees_large_images_as_if_reduced(state):
    images = make_images(1, 128, 64)
    adapted = convert_state_dict(state, stem_patch_size=8)
    actual = features(adapted, images, stem_patch_size=8)
    expected = features(state, F.avg_pool2d(images, 2))
    assert_close('features', expected, actual, relative=1e-10)


@pytest.mark.parametrize('size', [(32, 32), (96, 160)], ids=str)
def test_with_the_same_stem_the_weights_fit_every_resolution(size):
    state = make_state('norm', 'head')
    images = make_images(1, *size)
    expected = logits_of(state, images, ARCH)
    via_timm = convert_state_dict(convert_state_dict(state, to='timm'))
    assert_close('logits', expected, logits_of(via_timm, images, ARCH), relative=1e-10)


@pytest.mark.parametrize('to', ['mmcnx2', 'official', 'timm', 'hf'])
def test_a_head_of_other_classes_starts_from_zero(to):
    state = make_state('norm', 'head')
    adapted = convert_state_dict(convert_state_dict(state, to=to, num_classes=7))
    assert tuple(adapted['head.fc.weight'].shape) == (7, 24)
    assert not adapted['head.fc.weight'].any() and not adapted['head.fc.bias'].any()
    assert adapted['head.fc.weight'].dtype == torch.float64
    assert_same_state(bare(state), bare(adapted))


def test_an_encoder_gets_a_head_where_classes_are_asked_for(state):
    adapted = convert_state_dict(state, num_classes=3)
    assert tuple(adapted['head.fc.bias'].shape) == (3,)
    assert_same_state(state, bare(adapted))


def test_no_classes_is_no_head(state):
    assert_same_state(state, convert_state_dict(make_state('norm', 'head'), num_classes=0))


def test_the_numbers_that_it_has_change_nothing():
    before = make_state('norm', 'head')
    same = convert_state_dict(before, num_classes=5, in_channels=3, stem_patch_size=4)
    assert_same_state(before, same)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            {'in_channels': 4},
            "in_channels=4 differs from the 3 .* stem='sum', stem='repeat' or stem='new'",
        ),
        ({'in_channels': 2, 'stem': 'repeat'}, "makes more channels of 3, not 2: use stem='sum'"),
        ({'in_channels': 0, 'stem': 'sum'}, 'in_channels=0 must be 1 or more'),
        ({'in_channels': 4, 'stem': 'mean'}, "stem='mean' does not say how"),
        ({'stem_patch_size': 3}, 'stem_patch_size=3 neither divides nor is a multiple of the 4'),
        ({'stem_patch_size': 0}, 'stem_patch_size=0 neither divides'),
        ({'num_classes': -1}, 'num_classes=-1 must be 0'),
    ],
    ids=str,
)
def test_arguments_out_of_range_are_refused(state, options, message):
    with pytest.raises(ValueError, match=message):
        convert_state_dict(state, **options)


@pytest.mark.parametrize(
    'options', [{'in_channels': 4, 'stem': 'sum'}, {'stem_patch_size': 2}], ids=str
)
def test_a_decoder_for_other_images_is_refused(options):
    with pytest.raises(ValueError, match='does not fit the decoder in the checkpoint'):
        convert_state_dict(make_state('decoder'), **options)
