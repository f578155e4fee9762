"""``convert_state_dict``: names and shapes of each dialect, there and back, and what is refused."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcnx2.checkpoints import convert_state_dict, recognize
from mmcnx2.checkpoints.dialects import DIALECTS
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support import oracle
from tests.support.closeness import assert_close
from tests.support.logits import logits_of
from tests.support.official import OfficialConvNeXtV2
from tests.support.states import assert_same_state, bare, make_state
from tests.support.toy import ARCH, make_images, randomize

# What each library calls and how it shapes the parameters of one block of 12 channels in stage 1,
# of the convolution before it, of the final norm and of the head.
SPELLINGS = {
    'mmcnx2': {
        'backbone.downsample_layers.0.1.weight': (8,),
        'backbone.downsample_layers.1.1.weight': (12, 8, 2, 2),
        'backbone.stages.1.0.depthwise_conv.weight': (12, 1, 7, 7),
        'backbone.stages.1.0.depthwise_conv.bias': (12,),
        'backbone.stages.1.0.norm.weight': (12,),
        'backbone.stages.1.0.pointwise_conv1.weight': (48, 12),
        'backbone.stages.1.0.grn.gamma': (48,),
        'backbone.stages.1.0.grn.beta': (48,),
        'backbone.stages.1.0.pointwise_conv2.weight': (12, 48),
        'backbone.norm3.weight': (24,),
        'head.fc.weight': (5, 24),
    },
    'official': {
        'downsample_layers.0.1.weight': (8,),
        'downsample_layers.1.1.weight': (12, 8, 2, 2),
        'stages.1.0.dwconv.weight': (12, 1, 7, 7),
        'stages.1.0.dwconv.bias': (12,),
        'stages.1.0.norm.weight': (12,),
        'stages.1.0.pwconv1.weight': (48, 12),
        'stages.1.0.grn.gamma': (1, 1, 1, 48),
        'stages.1.0.grn.beta': (1, 1, 1, 48),
        'stages.1.0.pwconv2.weight': (12, 48),
        'norm.weight': (24,),
        'head.weight': (5, 24),
    },
    'official_sparse': {
        'downsample_layers.0.1.weight': (8,),
        'downsample_layers.1.1.kernel': (4, 8, 12),
        'stages.1.0.dwconv.kernel': (49, 12),
        'stages.1.0.dwconv.bias': (1, 12),
        'stages.1.0.norm.ln.weight': (12,),
        'stages.1.0.pwconv1.linear.weight': (48, 12),
        'stages.1.0.grn.gamma': (1, 48),
        'stages.1.0.grn.beta': (1, 48),
        'stages.1.0.pwconv2.linear.weight': (12, 48),
    },
    'timm': {
        'stem.1.weight': (8,),
        'stages.1.downsample.1.weight': (12, 8, 2, 2),
        'stages.1.blocks.0.conv_dw.weight': (12, 1, 7, 7),
        'stages.1.blocks.0.conv_dw.bias': (12,),
        'stages.1.blocks.0.norm.weight': (12,),
        'stages.1.blocks.0.mlp.fc1.weight': (48, 12),
        'stages.1.blocks.0.mlp.grn.weight': (48,),
        'stages.1.blocks.0.mlp.grn.bias': (48,),
        'stages.1.blocks.0.mlp.fc2.weight': (12, 48),
        'head.norm.weight': (24,),
        'head.fc.weight': (5, 24),
    },
    'hf': {
        'convnextv2.embeddings.layernorm.weight': (8,),
        'convnextv2.encoder.stages.1.downsampling_layer.1.weight': (12, 8, 2, 2),
        'convnextv2.encoder.stages.1.layers.0.dwconv.weight': (12, 1, 7, 7),
        'convnextv2.encoder.stages.1.layers.0.dwconv.bias': (12,),
        'convnextv2.encoder.stages.1.layers.0.layernorm.weight': (12,),
        'convnextv2.encoder.stages.1.layers.0.pwconv1.weight': (48, 12),
        'convnextv2.encoder.stages.1.layers.0.grn.weight': (1, 1, 1, 48),
        'convnextv2.encoder.stages.1.layers.0.grn.bias': (1, 1, 1, 48),
        'convnextv2.encoder.stages.1.layers.0.pwconv2.weight': (12, 48),
        'convnextv2.layernorm.weight': (24,),
        'classifier.weight': (5, 24),
    },
}
SPELLINGS['mmpretrain'] = SPELLINGS['mmcnx2']

PARTS = {
    'encoder': (),
    'encoder and norm': ('norm',),
    'classifier': ('norm', 'head'),
    'fcmae': ('decoder',),
}
HAS_NO = {
    'official_sparse': ('norm', 'head'),
    'timm': ('decoder',),
    'hf': ('decoder',),
    'mmpretrain': ('decoder',),
}
PAIRS = [
    pytest.param(to, parts, id=f'{to}-{name}')
    for to in DIALECTS
    for name, parts in PARTS.items()
    if not set(parts) & set(HAS_NO.get(to, ()))
]


@pytest.mark.parametrize('to', DIALECTS)
def test_every_library_gets_its_names_and_shapes(to):
    parts = () if to == 'official_sparse' else ('norm', 'head')
    converted = convert_state_dict(make_state(*parts), to=to)
    for name, shape in SPELLINGS[to].items():
        assert name in converted, f'{name} is not among {list(converted)[:10]}'
        assert tuple(converted[name].shape) == shape, name


def test_the_official_pre_training_gets_its_decoder():
    converted = convert_state_dict(make_state('decoder'), to='official_sparse')
    assert tuple(converted['encoder.stages.1.0.dwconv.kernel'].shape) == (49, 12)
    expected = {
        'proj.weight': (16, 24, 1, 1),
        'mask_token': (1, 16, 1, 1),
        'decoder.0.dwconv.weight': (16, 1, 7, 7),
        'decoder.0.norm.weight': (16,),
        'decoder.0.grn.gamma': (1, 1, 1, 64),
        'pred.weight': (3072, 16, 1, 1),
    }
    assert {name: tuple(converted[name].shape) for name in expected} == expected


def test_maps_of_several_stages_with_a_norm_each_go_to_hugging_face_and_back():
    state = dict(ConvNeXtV2(ARCH, out_indices=(0, 1, 2, 3)).state_dict())
    theirs = convert_state_dict(state, to='hf')
    assert 'hidden_states_norms.stage1.weight' in theirs and 'layernorm.weight' not in theirs
    assert_same_state(theirs, convert_state_dict(theirs, to='hf'))
    assert_same_state(state, convert_state_dict(theirs))


@pytest.mark.parametrize('to, parts', PAIRS)
def test_there_and_back_is_the_identity(to, parts):
    state = make_state(*parts)
    state = state if {'head', 'decoder'} & set(parts) else bare(state)
    assert_same_state(state, convert_state_dict(convert_state_dict(state, to=to), to='mmcnx2'))


@pytest.mark.parametrize('to, parts', PAIRS)
def test_converting_twice_is_converting_once(to, parts):
    once = convert_state_dict(make_state(*parts), to=to)
    assert_same_state(once, convert_state_dict(once, to=to))


@settings(max_examples=25, deadline=None)
@given(
    depths=st.lists(st.integers(1, 11), min_size=2, max_size=4),
    widths=st.lists(st.sampled_from([1, 2, 7, 40, 49]), min_size=4, max_size=4),
    in_channels=st.integers(1, 5),
    first=st.sampled_from(sorted(DIALECTS)),
    second=st.sampled_from(sorted(DIALECTS)),
)
def test_any_size_goes_through_any_two_dialects(depths, widths, in_channels, first, second):
    arch = {'depths': tuple(depths), 'channels': tuple(widths[: len(depths)])}
    state = bare(make_state(arch=arch, in_channels=in_channels))
    via = convert_state_dict(convert_state_dict(state, to=first), to=second)
    assert_same_state(state, convert_state_dict(via))


def test_nothing_is_changed_in_place():
    state = make_state('norm', 'head')
    before = {name: tensor.clone() for name, tensor in state.items()}
    for to in ('official', 'timm', 'hf', 'mmpretrain'):
        convert_state_dict(state, to=to)
    assert_same_state(before, state)


def test_logits_equal_those_of_a_network_in_the_official_names():
    official = randomize(OfficialConvNeXtV2(**ARCH, num_classes=5).double(), std=0.2)
    images = make_images(2, 64, 96)
    converted = convert_state_dict(official.state_dict())
    with torch.no_grad():
        expected = official(images)
    assert_close('logits', expected, logits_of(converted, images, ARCH), relative=1e-9)
    official.load_state_dict(convert_state_dict(converted, to='official'), strict=True)


@pytest.mark.skipif(not oracle.FOLDER.is_dir(), reason=f'no reference tensors in {oracle.FOLDER}')
def test_what_the_official_pre_training_wrote_comes_back_to_the_bit():
    theirs = oracle.read('tiny96_b2_f64.pt')['state_dict']
    found = recognize(theirs)
    assert (found.dialect.name, found.prefix) == ('official_sparse', 'encoder.')
    ours = convert_state_dict(theirs)
    assert_same_state(theirs, convert_state_dict(ours, to='official_sparse'))


def test_minkowski_kernels_run_column_by_column():
    state = bare(make_state())
    kernel = torch.arange(49.0, dtype=torch.float64)[:, None].repeat(1, 8)
    theirs = convert_state_dict(state, to='official_sparse') | {'stages.0.0.dwconv.kernel': kernel}
    weight = convert_state_dict(theirs)['stages.0.0.depthwise_conv.weight']
    assert weight[0, 0, :3, 0].tolist() == [0, 1, 2], 'a step down is a step of one'
    assert weight[0, 0, 0, :3].tolist() == [0, 7, 14], 'a step to the right is a step of seven'


@pytest.mark.parametrize('shape', [(-1,), (1, -1), (1, 1, 1, -1)], ids=str)
def test_grn_is_understood_in_every_published_shape(shape):
    state = bare(make_state())
    theirs = convert_state_dict(state, to='official')
    theirs = {k: v.reshape(shape) if 'grn' in k else v for k, v in theirs.items()}
    assert_same_state(state, convert_state_dict(theirs))


def test_pointwise_convolutions_are_linear_layers():
    state = make_state('norm', 'head')
    convolved = {
        k: v[..., None, None] if 'pointwise_conv' in k and v.ndim == 2 else v
        for k, v in state.items()
    }
    assert_same_state(state, convert_state_dict(convolved))


def prefixed(prefix: str, state: dict) -> dict:
    return {prefix + name: tensor for name, tensor in state.items()}


WRAPPINGS = {
    'model': lambda state: {'model': state, 'optimizer': {'lr': 1}, 'epoch': 3},
    'state_dict': lambda state: {'state_dict': state, 'meta': {}},
    'module.': lambda state: prefixed('module.', state),
    'model.': lambda state: prefixed('model.', state),
    'backbone.': lambda state: prefixed('backbone.', state),
    'encoder.': lambda state: prefixed('encoder.', state),
    '_orig_mod.': lambda state: prefixed('_orig_mod.', state),
    'all at once': lambda state: {'model': {'state_dict': prefixed('module.encoder.', state)}},
    'model_ema': lambda state: {'model_ema': state},
    'average': lambda state: {'ema': {'steps': torch.tensor(7)} | prefixed('module.', state)},
}


@pytest.mark.parametrize('wrap', WRAPPINGS)
@pytest.mark.parametrize('dialect', DIALECTS)
def test_wrappings_do_not_matter(dialect, wrap):
    state = bare(make_state())
    wrapped = WRAPPINGS[wrap](convert_state_dict(state, to=dialect))
    assert_same_state(state, convert_state_dict(wrapped, encoder_prefix=''))


def test_a_head_is_found_beside_a_wrapped_encoder():
    state = make_state('norm', 'head')
    for to in ('mmcnx2', 'official', 'timm', 'hf'):
        wrapped = prefixed('module.', convert_state_dict(state, to=to))
        assert_same_state(state, convert_state_dict(wrapped))


def test_the_prefix_of_the_encoder_can_be_chosen():
    converted = convert_state_dict(bare(make_state()), encoder_prefix='backbone.')
    assert_same_state(make_state(), converted)


def detector() -> dict:
    state = {k.replace('norm3', 'norm0'): v for k, v in make_state('norm').items()}
    state['backbone.norm0.weight'] = state['backbone.norm0.bias'] = torch.ones(8)
    return state | {'neck.lateral_convs.0.conv.weight': torch.ones(2, 8, 1, 1)}


def test_a_detector_keeps_what_stands_around_the_encoder():
    state = detector()
    assert_same_state(state, convert_state_dict(state))
    assert_same_state(state, convert_state_dict(state, to='mmpretrain'))


def test_what_the_target_has_no_place_for_is_refused_by_name_or_left_out():
    with pytest.raises(ValueError, match=r'timm has no place for .*norm0.weight.*drop_extra=True'):
        convert_state_dict(detector(), to='timm')
    kept = convert_state_dict(detector(), to='timm', drop_extra=True)
    assert_same_state(convert_state_dict(make_state(), to='timm'), kept)


def renamed(old: str, new: str, state: dict) -> dict:
    return {name.replace(old, new): tensor for name, tensor in state.items()}


def without(name: str, state: dict) -> dict:
    return {key: tensor for key, tensor in state.items() if key != name}


STATE = make_state('norm', 'head')
OFFICIAL = convert_state_dict(STATE, to='official')
TIMM = convert_state_dict(STATE, to='timm')
REFUSED = {
    'another model': ({'layer1.0.conv1.weight': torch.ones(1)}, 'keys such as layer1.0.conv1.w'),
    'nothing': ({}, 'keys such as none'),
    'two dialects': (
        OFFICIAL | TIMM,
        r'more than one encoder, stages.0.0.dwconv.weight \(official \(dense\)\), '
        r'stages.0.blocks.0.conv_dw.weight \(timm\)',
    ),
    'two encoders': (
        prefixed('student.', OFFICIAL) | prefixed('teacher.', OFFICIAL),
        'student.stages.0.0.dwconv.weight .*, teacher.stages.0.0.dwconv.weight',
    ),
    'a block that lacks a tensor': (
        without('stages.1.1.grn.beta', OFFICIAL),
        r'incomplete: nothing in it stands for backbone.stages.1.1.grn.beta\.',
    ),
    'no stem': (
        without('stem.0.weight', TIMM),
        'incomplete: nothing in it stands for .backbone.downsample_layers.0.0.weight',
    ),
    'a shape that does not fit': (
        OFFICIAL | {'stages.0.0.pwconv1.weight': torch.ones(8, 32)},
        r'stages.0.0.pwconv1.weight has shape \(8, 32\), .* it is \(32, 8\)',
    ),
    'a kernel of 48': (
        convert_state_dict(bare(make_state()), to='official_sparse')
        | {'stages.0.0.dwconv.kernel': torch.ones(48, 8)},
        r'stages.0.0.dwconv.kernel has shape \(48, 8\), which does not fit official FCMAE',
    ),
    'a name too many': (OFFICIAL | {'mystery': torch.ones(1)}, 'no place for mystery'),
    'half a decoder': (
        without('neck.mask_token', make_state('decoder')),
        'no place for neck.proj.weight',
    ),
    'numbers': ({'stages.0.0.dwconv.weight': 3}, 'is a int, but a state dict holds tensors'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_what_is_not_understood_is_refused_with_the_keys(case):
    state, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        convert_state_dict(state, to='official')


def test_an_unknown_target_is_refused():
    with pytest.raises(ValueError, match=re.escape("to='keras' is unknown: use one of mmcnx2,")):
        convert_state_dict(STATE, to='keras')


def test_layer_scale_has_no_place_in_hugging_faces_v2():
    v1 = bare(make_state('norm', layer_scale_init_value=1e-6))
    assert_same_state(v1, convert_state_dict(convert_state_dict(v1, to='official')))
    with pytest.raises(ValueError, match='Hugging Face has no place for stages.0.0.gamma'):
        convert_state_dict(v1, to='hf')
