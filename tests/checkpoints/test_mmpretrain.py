"""mmpretrain's own ConvNeXt V2 classifier and this package's hold the same state dict."""

import pytest
import torch
from mmengine.registry import MODELS, DefaultScope

from mmcnx2.checkpoints import convert_state_dict, recognize
from tests.support.closeness import assert_close
from tests.support.logits import logits_of
from tests.support.states import CLASSES, assert_same_state, make_state
from tests.support.toy import ARCH, make_images, randomize


@pytest.fixture(scope='module')
def theirs():
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(
            dict(
                type='ImageClassifier',
                backbone=dict(
                    type='mmpretrain.ConvNeXt',
                    arch={key: list(value) for key, value in ARCH.items()},
                    use_grn=True,
                    layer_scale_init_value=0.0,
                ),
                head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=24),
            )
        )
    return randomize(model.double()).eval()


def test_logits_are_equal(theirs):
    images = make_images(2, 64, 96)
    weights = theirs.state_dict()
    assert recognize(weights).dialect.title == 'mmcnx2 and mmpretrain'
    with torch.no_grad():
        expected = theirs(images)
    actual = logits_of(convert_state_dict(weights), images, ARCH)
    assert_close('logits', expected, actual, relative=1e-9)


def test_it_loads_what_is_converted_for_it(theirs):
    state = make_state('norm', 'head')
    official = convert_state_dict(state, to='official')
    theirs.load_state_dict(convert_state_dict(official, to='mmpretrain'), strict=True)
    assert_same_state(state, theirs.state_dict())


def test_it_has_no_place_for_a_decoder():
    with pytest.raises(ValueError, match='mmpretrain has no place for neck.'):
        convert_state_dict(make_state('decoder'), to='mmpretrain')
    assert_same_state(
        convert_state_dict(make_state(), encoder_prefix=''),
        convert_state_dict(make_state('decoder'), to='mmpretrain', drop_extra=True),
    )
