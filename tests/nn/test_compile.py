"""torch.compile takes the whole encoder in one graph and changes no number."""

import shutil

import pytest
import torch

from tests.support.closeness import assert_all_close, gradients
from tests.support.devices import triton_device
from tests.support.toy import make_images, make_net, make_visible


@pytest.mark.parametrize(
    ('layout', 'ops', 'device'),
    [
        ('masked', 'torch', 'cpu'),
        ('packed', 'torch', 'cpu'),
        ('packed', 'numba', 'cpu'),
        ('packed', 'triton', 'cpu'),
        pytest.param('packed', 'triton', 'cuda', marks=pytest.mark.gpu),
    ],
)
def test_the_encoder_is_one_graph(layout, ops, device):
    if ops == 'triton':
        triton_device(device)
    net = make_net(layout=layout, ops=ops).to(device)
    images = make_images(1, 32, 64).to(device)
    layouts = net.plan(images, make_visible(1, 1, 2, 1))
    expected = net.encode(images, layouts)[-1]
    torch.compiler.reset()
    compiled = torch.compile(net.encode, backend='aot_eager', fullgraph=True)
    actual = compiled(images, layouts)[-1]
    assert_all_close({'features': expected}, {'features': actual}, relative=1e-12)


@pytest.mark.parametrize('layout', ['masked', 'packed'])
def test_the_compiled_backbone_gives_the_same_gradients(layout):
    net, images = make_net(layout=layout), make_images(2, 64, 96)
    visible = make_visible(2, 2, 3, 2)
    expected = gradients(net, images, visible)
    torch.compiler.reset()
    compiled = torch.compile(net, backend='aot_eager')
    actual = gradients(compiled, images, visible)
    actual = {name.replace('_orig_mod.', ''): tensor for name, tensor in actual.items()}
    assert_all_close(expected, actual, relative=1e-10)


@pytest.mark.slow
@pytest.mark.skipif(
    not any(map(shutil.which, ('g++', 'clang++', 'c++'))), reason='inductor needs a C++ compiler'
)
def test_inductor_compiles_a_training_step():
    net, images = make_net(layout='packed').float(), make_images(2, 64, 64).float()
    visible = make_visible(2, 2, 2, 1)
    expected = gradients(net, images, visible)
    torch.compiler.reset()
    actual = gradients(torch.compile(net), images, visible)
    actual = {name.replace('_orig_mod.', ''): tensor for name, tensor in actual.items()}
    assert_all_close(expected, actual, relative=1e-3)
