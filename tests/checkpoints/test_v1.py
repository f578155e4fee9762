"""ConvNeXt V1 of every library computes here what it computes there, DINOv3's too."""

import logging
import re

import pytest
import torch

timm = pytest.importorskip('timm')

from mmcnx2.checkpoints import convert_state_dict, recognize
from mmcnx2.checkpoints.files import save_checkpoint
from mmcnx2.checkpoints.hugging_face import hugging_face_config
from mmcnx2.checkpoints.pretrained import read_backbone_arguments
from mmcnx2.checkpoints.published import list_published
from mmcnx2.models import loading
from mmcnx2.nn import ConvNeXtV2
from tests.support.closeness import assert_close
from tests.support.logits import fill, logits_of
from tests.support.states import assert_same_state, bare, make_state
from tests.support.toy import ARCH, make_images

V1 = dict(use_grn=False, layer_scale_init_value=1e-6)


@pytest.mark.parametrize('name', ['convnext_tiny.dinov3_lvd1689m', 'convnext_atto'])
def test_maps_are_timms(name):
    with torch.device('meta'):
        theirs = timm.create_model(name, num_classes=0).eval()
        net = ConvNeXtV2(name[9:13], **V1, ops='torch').eval()
    weights = fill(theirs.state_dict())  # in every parameter, LayerScale's too
    theirs.load_state_dict(weights, strict=True, assign=True)
    net.load_state_dict(weights, strict=True, assign=True)
    images = make_images(1, 64, 32)
    with torch.no_grad():
        (maps,) = net(images)
        expected = theirs.forward_features(images)
        norm = theirs.head.norm
        expected = torch.nn.functional.layer_norm(
            expected.permute(0, 2, 3, 1), norm.normalized_shape, norm.weight, norm.bias, norm.eps
        ).permute(0, 3, 1, 2)
    difference = (maps - expected).abs().max()
    # timm's narrow networks have 1x1 convolutions, which add up in another order.
    assert difference <= 1e-12 if 'atto' in name else difference == 0.0


@pytest.mark.parametrize(
    'name', [alias for m in list_published() for alias in m.aliases
             if m.version == 'V1' and alias.startswith('convnext_')],
)  # fmt: skip
def test_every_published_v1_is_recognized_with_its_size_and_arguments(name):
    with torch.device('meta'):
        weights = timm.create_model(name).state_dict()
    found = recognize(weights).architecture
    (model,) = (m for m in list_published() if name in m.aliases)
    assert found.version == model.version == 'V1'
    assert sum(tensor.numel() for tensor in weights.values()) == model.parameters
    assert (found.num_classes == 0) == (model.top1 is None)
    arguments = found.backbone_arguments()
    assert arguments | V1 == arguments
    if model.size in ('tiny', 'base', 'large'):
        assert arguments['arch'] == model.size
    with torch.device('meta'):
        net = ConvNeXtV2(**arguments)
    net.load_state_dict(weights, strict=True, assign=True)


NOT_OURS = '_ols|_rms'
"""Overlapping stems, norms without bias."""


@pytest.mark.parametrize('name', timm.list_models('convnext_*'))
def test_timms_other_v1_are_the_same_network_or_refused(name):
    with torch.device('meta'):
        weights = timm.create_model(name).state_dict()
    if re.search(NOT_OURS, name):
        with pytest.raises(ValueError, match='timm'):
            recognize(weights)
    else:
        assert recognize(weights).architecture.version == 'V1'


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_torchvisions_logits_are_the_same(prefix):
    from torchvision.models import convnext_tiny

    with torch.device('meta'):
        theirs = convnext_tiny().eval()
    weights = fill(theirs.state_dict())
    theirs.load_state_dict(weights, strict=True, assign=True)
    images = make_images(1, 32, 32)
    with torch.no_grad():
        expected = theirs(images)
    converted = convert_state_dict({prefix + name: t for name, t in weights.items()})
    assert_close('logits', expected, logits_of(converted, images, 'tiny', **V1), relative=1e-9)


def dinov3_of_hugging_face() -> dict:
    """A V1 in the names of transformers' ``DINOv3ConvNextModel``."""
    theirs = {}
    for name, tensor in bare(make_state('norm', **V1)).items():
        name = re.sub(r'^downsample_layers\.(\d)\.', r'stages.\1.downsample_layers.', name)
        name = re.sub(r'^stages\.(\d)\.(\d)\.', r'stages.\1.layers.\2.', name)
        name = re.sub(r'(layers\.\d)\.norm\.', r'\1.layer_norm.', name)
        theirs[re.sub(r'^norm3\.', 'layer_norm.', name)] = tensor
    return theirs


def test_dinov3_of_hugging_face_is_recognized(tmp_path):
    theirs = dinov3_of_hugging_face()
    assert {'stages.3.downsample_layers.1.weight', 'stages.1.layers.1.layer_norm.bias'} <= {*theirs}
    path = save_checkpoint(theirs, tmp_path / 'model.safetensors')
    arguments = read_backbone_arguments(path)
    assert arguments | V1 == arguments
    net = ConvNeXtV2(**arguments).double()
    net.load_state_dict(theirs, strict=True)
    assert_same_state(bare(make_state('norm', **V1)), net.state_dict())


def test_dinov3_of_its_authors_has_the_final_norm_under_two_names(caplog):
    theirs = convert_state_dict(bare(make_state('norm', **V1)), to='official')
    theirs |= {f'norms.3.{part}': theirs[f'norm.{part}'].clone() for part in ('weight', 'bias')}
    net = ConvNeXtV2(ARCH, **V1).double()
    with caplog.at_level(logging.INFO, 'mmcnx2'):
        net.load_state_dict(theirs, strict=True)
    assert 'missing none; unused none.' in caplog.text
    assert_same_state(bare(make_state('norm', **V1)), net.state_dict())
    theirs['norms.3.bias'] += 1  # of something else
    assert set(recognize(theirs).extra) == {'norms.3.bias'}


def test_v1_goes_to_hugging_face_as_the_model_that_it_is_there_and_back():
    state = make_state('norm', 'head', **V1)
    theirs = convert_state_dict(state, to='hf')
    assert 'convnext.encoder.stages.0.layers.0.layer_scale_parameter' in theirs
    assert {name.partition('.')[0] for name in theirs} == {'convnext', 'classifier'}
    assert_same_state(state, convert_state_dict(theirs))
    config = hugging_face_config(recognize(theirs).architecture)
    assert config['model_type'] == 'convnext'
    assert config['architectures'] == ['ConvNextForImageClassification']


@pytest.mark.parametrize(
    ('weights', 'backbone', 'advice'),
    [
        (V1, {}, 'use_grn=False, layer_scale_init_value=1e-06'),
        ({}, V1, 'use_grn=True, layer_scale_init_value=0'),
        (V1, V1, ''),
        ({}, {}, ''),
    ],
)
def test_a_backbone_of_the_other_kind_is_told_its_arguments(weights, backbone, advice, caplog):
    theirs = convert_state_dict(make_state('norm', **weights), to='timm')
    net = ConvNeXtV2(ARCH, **backbone).double()
    with caplog.at_level(logging.INFO, 'mmcnx2'):
        net.load_state_dict(theirs, strict=False)
    version = 'V1' if weights else 'V2'
    assert f'Recognized a ConvNeXt {version} checkpoint, timm' in caplog.text
    assert ('compute something else here: they need ' in caplog.text) == bool(advice)
    assert advice in caplog.text


def test_mmengines_loading_says_so_too(monkeypatch):
    said = []
    monkeypatch.setattr(loading, 'print_log', lambda text, **_: said.append(text))
    theirs = convert_state_dict(make_state('norm', **V1), to='timm')
    loading.load_state_dict(ConvNeXtV2(ARCH).double(), theirs)
    assert said[1].endswith('they need use_grn=False, layer_scale_init_value=1e-06.')
