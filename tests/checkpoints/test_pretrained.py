"""An encoder is built and loaded by its weights alone: V1 or V2, of any library, any size."""

import logging

import pytest
import torch

import mmcnx2.models
from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.checkpoints.dialects import DIALECTS
from mmcnx2.checkpoints.files import CheckpointError, save_checkpoint
from mmcnx2.checkpoints.pretrained import read_backbone_arguments
from mmcnx2.nn import ConvNeXtV2
from tests.support.states import assert_same_state, bare, make_state
from tests.support.toy import ARCH

V1 = dict(use_grn=False, layer_scale_init_value=1e-6)
SMALL = dict(depths=(1, 1), channels=(4, 6))


def single(state: dict) -> dict:
    return {name: tensor.float() for name, tensor in bare(state).items()}


@pytest.fixture
def save(tmp_path):
    """Save a state dict, and return its path."""

    def save(state: dict, name: str = 'weights.pth') -> str:
        save_checkpoint(state, tmp_path / name)
        return str(tmp_path / name)

    return save


CASES = [(d, o) for d in DIALECTS for o in ({}, V1) if (d, o) != ('official_sparse', V1)]


@pytest.mark.parametrize(
    ('dialect', 'options'), CASES, ids=[f'{d}-{"V1" if o else "V2"}' for d, o in CASES]
)
def test_every_library_s_weights_are_what_the_encoder_has(dialect, options, save):
    parts = [] if dialect == 'official_sparse' else ['norm']
    state = make_state(*parts, **options)
    path = save(convert_state_dict(state, to=dialect), 'weights.safetensors')
    assert_same_state(single(state), ConvNeXtV2.from_pretrained(path).state_dict())
    assert read_backbone_arguments(path) == dict(
        arch={key: tuple(value) for key, value in ARCH.items()},
        in_channels=3,
        stem_patch_size=4,
        use_grn=not options,
        layer_scale_init_value=options.get('layer_scale_init_value', 0.0),
    )


def test_a_published_size_is_called_by_its_name(save):
    with torch.device('meta'):
        state = ConvNeXtV2('femto').state_dict()
    path = save({name: torch.zeros(tensor.shape) for name, tensor in state.items()})
    assert read_backbone_arguments(path)['arch'] == 'femto'
    assert ConvNeXtV2.from_pretrained(path).channels == ARCHS['femto']['channels']


def test_stem_and_channels_are_the_weights(save):
    options = dict(in_channels=5, stem_patch_size=2)
    path = save(make_state(arch=SMALL, **options))
    assert read_backbone_arguments(path) | options == read_backbone_arguments(path)
    assert ConvNeXtV2.from_pretrained(path).strides == [2, 4]


def test_a_detectors_checkpoint_has_a_backbone(save):
    state = make_state('norm') | {'rpn_head.conv.weight': torch.ones(1), 'neck.a': torch.ones(1)}
    path = save({'state_dict': state, 'meta': {'epoch': 3}})
    assert_same_state(single(make_state('norm')), ConvNeXtV2.from_pretrained(path).state_dict())


def test_options_are_the_callers(save, caplog):
    path = save(make_state('norm'))
    with caplog.at_level(logging.INFO, 'mmcnx2'):
        net = mmcnx2.models.ConvNeXtV2.from_pretrained(
            path, out_indices=(0, 3), drop_path_rate=0.1, frozen_stages=1
        )
    assert [map.shape[1] for map in net(torch.zeros(1, 3, 32, 32))] == [8, 24]
    assert net.norm0.weight.eq(1).all() and not net.norm3.weight.eq(1).all()
    assert 'missing norm0.weight, norm0.bias; unused none.' in caplog.text


def test_pre_training_has_no_final_norm_unless_one_is_asked_for(save):
    path = save(make_state('decoder'))
    assert isinstance(ConvNeXtV2.from_pretrained(path).norm3, torch.nn.Identity)
    assert ConvNeXtV2.from_pretrained(path, final_norm=True).norm3.weight.eq(1).all()


@pytest.mark.parametrize(
    ('options', 'names'),
    [
        (dict(use_grn=False), 'stages.0.0.grn.beta'),
        (dict(layer_scale_init_value=1e-6), 'stages.0.0.gamma'),
        (dict(in_channels=4), r'downsample_layers.0.0.weight: its own .*in_channels.: 3'),
        (dict(arch='atto'), 'downsample_layers'),
    ],
)
def test_what_does_not_fit_the_weights_is_refused(options, names, save):
    with pytest.raises(CheckpointError, match=f'does not fit the arguments .*{names}'):
        ConvNeXtV2.from_pretrained(save(make_state('norm')), **options)


def test_other_networks_and_other_blocks_are_refused(save):
    with pytest.raises(CheckpointError, match="r.pth' is not taken, because no known dialect"):
        ConvNeXtV2.from_pretrained(save({'layer1.0.conv1.weight': torch.ones(1)}, 'r.pth'))
    rival = make_state() | {'backbone.stages.0.0.grn.fc.weight': torch.ones(1)}
    with pytest.raises(CheckpointError, match='hold .*grn.fc.weight, which neither V1 nor V2 has'):
        read_backbone_arguments(save(rival))
    with pytest.raises(CheckpointError, match="'nowhere.pth' does not exist: give the path"):
        read_backbone_arguments('nowhere.pth')
