"""Parts of a model may name numbers of its backbone, and its number of classes."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from mmcnx2.models import references
from mmcnx2.models.references import resolve

BACKBONE = dict(arch=dict(depths=(1, 1, 1), channels=(4, 8, 16)), out_indices=(0, -1))


def test_names_become_numbers_at_any_depth_and_nothing_else_changes():
    parts = ConfigDict(
        neck=dict(in_channels='backbone.out_channels', kind='backbone'),
        heads=[dict(width='backbone.channels[-1]'), dict(width='backbone.channels[0]')],
        head=dict(classes=('model.num_classes', 7), mask=None, prefix='backbone.'),
        patch='backbone.stride',
        colors='backbone.in_channels',
        all='backbone.channels',
    )
    before = parts.to_dict()
    filled, numbers = resolve(parts, backbone=BACKBONE, num_classes=5)
    assert filled == dict(
        neck=dict(in_channels=[4, 16], kind='backbone'),
        heads=[dict(width=16), dict(width=4)],
        head=dict(classes=(5, 7), mask=None, prefix='backbone.'),
        patch=16,
        colors=3,
        all=[4, 8, 16],
    )
    assert numbers['heads.0.width'] == 16 and numbers['head.classes.0'] == 5
    assert isinstance(filled['neck'], ConfigDict), 'the toolboxes read attributes'
    assert parts.to_dict() == before, 'the config is as it was, to be built with another backbone'


def test_a_name_of_a_size_a_stem_and_channels_of_images_count():
    backbone = ConfigDict(arch='tiny', stem_patch_size=2, in_channels=5)
    parts = dict(a='backbone.out_channels', b='backbone.stride', c='backbone.in_channels')
    assert resolve(parts, backbone=backbone)[0] == dict(a=[768], b=16, c=5)


@pytest.mark.parametrize(
    ('name', 'backbone', 'sentence'),
    [
        ('backbone.channels[3]', BACKBONE, r"^head.x='backbone.channels\[3\]', but that is \[4, "),
        ('backbone.stride[0]', BACKBONE, 'but that is 16.$'),
        ('model.num_classes', BACKBONE, 'but model does not say it: give head.x a number.$'),
        ('backbone.stride', dict(type='ResNet'), 'but model.backbone does not say it: give head.x'),
        ('backbone.stride', nn.Identity(), 'but model.backbone does not say it: give head.x'),
        ('backbone.stride', dict(arch='tinny'), "arch='tinny' is unknown: use one of atto"),
    ],
)
def test_what_is_not_there_is_refused_by_key(name, backbone, sentence):
    with pytest.raises(ValueError, match=sentence):
        resolve(dict(head=dict(x=name)), backbone=backbone)


def test_a_classifier_is_built_with_them_and_says_so(monkeypatch):
    said = []
    monkeypatch.setattr(references, 'print_log', lambda line, **_: said.append(line))
    cfg = dict(
        type='mmcnx2.ImageClassifier',
        num_classes=3,
        backbone=dict(type='mmcnx2.ConvNeXtV2', gap_before_final_norm=True, **BACKBONE),
        head=dict(
            type='LinearClsHead',
            num_classes='model.num_classes',
            in_channels='backbone.channels[-1]',
        ),
    )
    cfg['backbone']['out_indices'] = -1
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg)
    assert model(torch.zeros(2, 3, 32, 32)).shape[0] == 2
    assert model.head.fc.weight.shape == (3, 16)
    assert said == ['ImageClassifier: head.num_classes=3, head.in_channels=16.']
