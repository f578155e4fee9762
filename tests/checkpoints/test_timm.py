"""timm's ConvNeXt V2 and this package's give equal logits from each other's weights."""

import pytest
import torch

timm = pytest.importorskip('timm')

from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints import convert_state_dict, recognize
from tests.support.closeness import assert_close
from tests.support.logits import fill, logits_of
from tests.support.toy import make_images


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
