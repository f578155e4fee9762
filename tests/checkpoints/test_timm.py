"""timm's ConvNeXt V2 and this package's give equal logits from each other's weights."""

import re
from pathlib import Path

import pytest
import torch

timm = pytest.importorskip('timm')

from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints import convert_state_dict, recognize
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.closeness import assert_close
from tests.support.in_process import run
from tests.support.logits import fill, logits_of
from tests.support.states import assert_same_state, make_state
from tests.support.toy import make_images

PAGE = (Path(__file__).parents[2] / 'docs/checkpoints.md').read_text()


@pytest.mark.parametrize('arch', ARCHS)
def test_logits_are_equal_at_every_published_size(arch):
    with torch.device('meta'):
        theirs = timm.create_model(f'convnextv2_{arch}').eval()
    weights = fill(theirs.state_dict())
    theirs.load_state_dict(weights, strict=True, assign=True)
    images = make_images(1, 32, 32)
    with torch.no_grad():
        expected = theirs(images)

    converted = convert_state_dict(weights, to='mmcnx2')
    assert_close(arch, expected, logits_of(converted, images, arch), relative=1e-9)

    back = convert_state_dict(converted, to='timm')
    assert list(back) == list(weights)
    for name, tensor in weights.items():
        assert back[name].shape == tensor.shape and back[name].equal(tensor), name


def test_a_model_without_head_fits_one_without_head():
    theirs = timm.create_model('convnextv2_atto', num_classes=0)
    found = recognize(theirs.state_dict())
    assert (found.dialect.name, found.architecture.num_classes) == ('timm', 0)
    bare = convert_state_dict(theirs.state_dict())
    assert 'downsample_layers.0.0.weight' in bare, 'an encoder alone has bare names'
    theirs.load_state_dict(convert_state_dict(bare, to='timm'), strict=True)


def test_other_widths_are_linear_layers_as_timm_builds_them_by_default():
    from timm.models.convnext import ConvNeXt

    theirs = ConvNeXt(depths=(1, 1, 1, 1), dims=(8, 12, 16, 24), use_grn=True, ls_init_value=None)
    weights = theirs.state_dict()
    theirs.load_state_dict(convert_state_dict(convert_state_dict(weights), to='timm'), strict=True)


def test_v1_with_layer_scale_converts_too():
    theirs = timm.create_model('convnext_atto')
    weights = theirs.state_dict()
    found = recognize(weights)
    assert found.architecture.layer_scale and not found.architecture.use_grn
    theirs.load_state_dict(convert_state_dict(convert_state_dict(weights), to='timm'), strict=True)


@pytest.mark.parametrize('arch', ['atto', 'tiny'])  # with 1x1 convolutions, and linear layers
def test_what_gives_maps_in_timm_gives_the_same_maps_here(arch):
    with torch.device('meta'):
        theirs = timm.create_model(f'convnextv2_{arch}', features_only=True).eval()
        ours = ConvNeXtV2(arch, out_indices=(0, 1, 2, 3), final_norm=False).eval()
    weights = fill(theirs.state_dict())
    theirs.load_state_dict(weights, strict=True, assign=True)
    assert recognize(weights).dialect.title == 'timm (features_only)'
    ours.load_state_dict(weights, strict=True, assign=True)
    images = make_images(1, 32, 32)
    with torch.no_grad():
        for actual, expected in zip(ours(images), theirs(images), strict=True):
            assert_close(arch, expected, actual, relative=1e-9)


def test_whole_models_of_timm_and_those_that_give_maps_have_the_same_weights():
    whole = timm.create_model('convnextv2_atto', num_classes=0)
    maps = timm.create_model('convnextv2_atto', features_only=True)
    encoder = convert_state_dict(whole.state_dict())
    maps.load_state_dict(
        {
            name.replace('stem.', 'stem_').replace('stages.', 'stages_'): tensor
            for name, tensor in whole.state_dict().items()
            if not name.startswith('head.')
        }
    )
    found = convert_state_dict(maps.state_dict())
    assert encoder.keys() - found.keys() == {'norm3.weight', 'norm3.bias'}
    assert all(tensor.equal(encoder[name]) for name, tensor in found.items())


@pytest.fixture(scope='module')
def pretrained():
    """What a pre-training of atto leaves: encoder and decoder, no final norm, no head."""
    state = make_state('decoder', arch=ARCHS['atto'])
    return {name: tensor.float() for name, tensor in state.items()}


@pytest.fixture(scope='module')
def folder(pretrained, tmp_path_factory):
    """Where the page's command has left its OUT.pth."""
    folder = tmp_path_factory.mktemp('timm')
    torch.save({'state_dict': pretrained}, folder / 'epoch_100.pth')
    section = PAGE.split('### Pre-trained weights in timm')[1].split('\n## ')[0]
    (command,) = re.findall(r'python tools/(model_converters/convert.py .*?)```', section, re.S)
    tool, given, out, *options = command.replace('\\\n', '').split()
    assert given.endswith('epoch_100.pth') and out == 'OUT.pth'
    run(tool, folder / 'epoch_100.pth', folder / out, *options)
    return folder


def created(line, folder, monkeypatch):
    """Run a line of the page that makes a network, and return it."""
    monkeypatch.chdir(folder)
    names = {'timm': timm, 'file': None}
    (file,) = re.findall(r'^file = .*$', PAGE, re.M)
    exec(file, names)
    exec(line, names)
    return names['net'].eval()


LINES = re.findall(r'^net = timm.create_model\(.*$', PAGE, re.M)


@pytest.mark.parametrize('line', LINES)
def test_each_line_of_the_page_makes_the_pre_trained_encoder(line, folder, pretrained, monkeypatch):
    net = created(line, folder, monkeypatch)
    ours = ConvNeXtV2('atto', out_indices=(0, 1, 2, 3), final_norm=False).eval()
    ours.load_state_dict(
        {n.removeprefix('backbone.'): t for n, t in pretrained.items() if n.startswith('backbone.')}
    )
    images = make_images(2, 64, 64).float()
    with torch.no_grad():
        maps = ours(images)
        found = net(images)
    if 'features_only' in line:
        expected = maps
    elif 'num_classes=0' in line:
        expected = torch.nn.functional.layer_norm(maps[-1].mean((2, 3)), (320,), eps=1e-6)
    else:
        assert found.shape == (2, 10)
        expected, found = maps[-1], net.forward_features(images)
    torch.testing.assert_close(list(found), list(expected), rtol=1e-3, atol=1e-3)


def test_the_page_has_a_line_for_each_use():
    assert [('num_classes=0' in x, 'num_classes=10' in x, 'features_only' in x) for x in LINES] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


def test_with_a_head_of_zeros_the_weights_fit_by_every_key(pretrained):
    net = timm.create_model('convnextv2_atto', num_classes=10)
    options = dict(drop_extra=True, final_norm=True, num_classes=10)
    net.load_state_dict(convert_state_dict(pretrained, to='timm', **options), strict=True)
    assert not net.head.fc.weight.any() and net.head.norm.weight.eq(1).all()


def test_a_trained_final_norm_is_kept():
    state = make_state('norm')
    assert_same_state(
        convert_state_dict(state, to='timm'), convert_state_dict(state, to='timm', final_norm=True)
    )
