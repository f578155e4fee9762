"""Layers as the official code, mmpretrain, mmdet and mmseg count them."""

from importlib import import_module

import pytest
from mmpretrain.models import ConvNeXt

from mmcnx2.models import ARCHS, ConvNeXtV2
from mmcnx2.nn.layer_depth import layer_depth
from tests.support.official_layers import official_group, official_single

every_size = pytest.mark.parametrize('size', ARCHS)


def make_backbone(size: str, **options) -> ConvNeXtV2:
    """A backbone of a size's depths with four channels a stage."""
    arch = dict(depths=ARCHS[size]['depths'], channels=(4, 4, 4, 4))
    return ConvNeXtV2(arch, **options)


@every_size
def test_single_is_the_official_numbering(size):
    net = make_backbone(size)
    layers = {'atto': 12, 'femto': 12, 'pico': 12, 'nano': 14, 'tiny': 18}.get(size, 36)
    for name, _ in net.named_parameters():
        expected = (official_single(name, net.depths), layers + 2)
        assert net.get_layer_depth(name, '', 'single') == expected, name


@pytest.mark.parametrize('size', ['base', 'large', 'huge'])
def test_group_is_the_official_numbering(size):
    net = make_backbone(size)
    for name, _ in net.named_parameters():
        assert net.get_layer_depth(name, '', 'group') == (official_group(name), 14), name


@every_size
def test_group_is_mmpretrains_numbering_and_what_it_asks_for(size):
    net = make_backbone(size, gap_before_final_norm=True)
    arch = dict(depths=list(net.depths), channels=[4, 4, 4, 4])
    theirs = ConvNeXt(arch=arch, use_grn=True, layer_scale_init_value=0.0)
    names = sorted(name for name, _ in net.named_parameters())
    assert names == sorted(name for name, _ in theirs.named_parameters())
    for name in ['head.fc.weight', *(f'backbone.{name}' for name in names)]:
        expected = theirs.get_layer_depth(name, 'backbone.')
        assert net.get_layer_depth(name, 'backbone.') == expected, name


@every_size
@pytest.mark.parametrize('toolbox', ['mmdet', 'mmseg'])
def test_group_and_stage_are_the_numberings_of_mmdet_and_mmseg(size, toolbox):
    library = import_module(f'{toolbox}.engine.optimizers.layer_decay_optimizer_constructor')
    net = make_backbone(size, out_indices=(0, 1, 2, 3))
    last = 12 if size in ('base', 'large', 'huge') else 6
    for name in ['decode_head.weight', *(f'backbone.{n}' for n, _ in net.named_parameters())]:
        group = library.get_layer_id_for_convnext(name, last)
        stage = library.get_stage_id_for_convnext(name, last + 2)
        assert net.get_layer_depth(name, 'backbone.', 'group') == (group, last + 2), name
        assert net.get_layer_depth(name, 'backbone.', 'stage') == (stage, last + 2), name


@pytest.mark.parametrize('depths', [(1,), (2, 3), (1, 1, 7, 1), (2, 2, 4, 2, 5)])
def test_layers_run_without_a_gap_whatever_the_depths(depths):
    net = ConvNeXtV2(dict(depths=depths, channels=(4,) * len(depths)))
    for kind, first in dict(single=1, group=0).items():
        found = [net.get_layer_depth(name, '', kind) for name, _ in net.named_parameters()]
        last = found[0][1] - 1
        assert {layer for layer, _ in found} == set(range(first, last + 1)), kind


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="layer_decay_type='layer_wise' is unknown: use one of s"):
        layer_depth('norm3.weight', (2, 2, 6, 2), 'layer_wise')
