"""The packed layout gives the masked layout's numbers: output, input's and every gradient."""

import pytest
import torch

from mmcnx2.archs import ARCHS
from tests.support.closeness import assert_all_close, gradients
from tests.support.toy import make_images, make_net, make_visible

CASES = {
    'square-b2-64px-2of4': {'size': (64, 64), 'count': 2},
    'one-visible-patch': {'size': (96, 96), 'count': 1},
    'all-visible': {'size': (64, 96), 'count': 6},
    'batch1': {'size': (96, 64), 'count': 3, 'batch': 1},
    'batch1-one-visible-patch': {'size': (128, 64), 'count': 1, 'batch': 1},
    'single-patch-image': {'size': (32, 32), 'count': 1},
    'tall-256x64': {'size': (256, 64), 'count': 7},
    'wide-32x160': {'size': (32, 160), 'count': 2},
    'square-256px': {'size': (256, 256), 'count': 25, 'batch': 1},
    'odd-grid-224px': {'size': (224, 224), 'count': 19, 'batch': 1},
    'one-channel': {'size': (96, 64), 'count': 2, 'options': {'in_channels': 1}},
    'four-channels': {'size': (96, 64), 'count': 2, 'options': {'in_channels': 4}},
    'stem2': {'size': (48, 64), 'count': 4, 'options': {'stem_patch_size': 2}},
    'stem2-one-channel': {
        'size': (80, 32),
        'count': 3,
        'options': {'stem_patch_size': 2, 'in_channels': 1},
    },
    'stem8': {'size': (128, 192), 'count': 2, 'options': {'stem_patch_size': 8}},
    'batch-grn': {'size': (96, 96), 'count': 4, 'options': {'grn_scope': 'batch'}},
    'v1-block': {
        'size': (96, 64),
        'count': 2,
        'options': {'use_grn': False, 'layer_scale_init_value': 1e-6},
    },
    'three-stages': {
        'size': (48, 80),
        'count': 4,
        'options': {'arch': {'depths': (1, 1, 2), 'channels': (8, 12, 16)}},
    },
}


@pytest.fixture(params=['torch', 'numba'])
def ops(request):
    if request.param != 'torch':
        pytest.importorskip(request.param)
    return request.param


def compare_layouts(ops, *, size, count, batch=2, options=None):
    options = options or {}
    stem = options.get('stem_patch_size', 4)
    stride = stem * 2 ** (len(options.get('arch', {'depths': range(4)})['depths']) - 1)
    images = make_images(batch, *size, options.get('in_channels', 3))
    visible = make_visible(batch, size[0] // stride, size[1] // stride, count)
    expected = gradients(make_net(layout='masked', **options), images, visible)
    actual = gradients(make_net(layout='packed', ops=ops, **options), images, visible)
    assert_all_close(expected, actual, relative=1e-10)


@pytest.mark.parametrize('case', CASES.values(), ids=CASES.keys())
def test_packed_equals_masked(case, ops):
    compare_layouts(ops, **case)


@pytest.mark.slow
@pytest.mark.parametrize('name', ARCHS)
def test_packed_equals_masked_at_every_published_width(name, ops):
    arch = {'depths': (1, 1, 1, 1), 'channels': ARCHS[name]['channels']}
    compare_layouts(ops, size=(64, 32), count=1, batch=2, options={'arch': arch})


def test_drop_path_drops_the_same_images_in_both_layouts():
    images, visible = make_images(6, 64, 64), make_visible(6, 2, 2, 2)
    found = []
    for layout in ('masked', 'packed'):
        net = make_net(layout=layout, drop_path_rate=0.5).train()
        torch.manual_seed(5)
        found.append(gradients(net, images, visible))
    assert_all_close(*found, relative=1e-10)


@pytest.mark.parametrize('layout', ['masked', 'packed'])
def test_gradient_checkpointing_changes_nothing(layout):
    images, visible = make_images(2, 96, 64), make_visible(2, 3, 2, 2)
    plain = gradients(make_net(layout=layout), images, visible)
    recomputed = gradients(make_net(layout=layout, with_cp=True), images, visible)
    assert_all_close(plain, recomputed, relative=1e-12)
