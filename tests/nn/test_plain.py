"""A layer that does more than its weights say is called, in every layout; hooks see every stage."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

from mmcnx2.nn.grn import GRN
from mmcnx2.nn.plain import is_plain
from tests.support.closeness import assert_all_close, gradients
from tests.support.toy import make_images, make_net, make_visible

LAYOUTS = ['dense', 'masked', 'packed']
CONVS = {
    'stem': 'downsample_layers.0.0',
    'downsample': 'downsample_layers.2.1',
    'depthwise': 'stages.1.0.depthwise_conv',
}
PAGE = Path(__file__).parents[2] / 'docs/look_inside.md'


class Doubled(nn.Module):
    """An adapter around a layer, as peft puts one there; it has the layer's weight and bias."""

    def __init__(self, base_layer):
        super().__init__()
        self.base_layer = base_layer
        self.weight, self.bias = base_layer.weight, base_layer.bias

    def forward(self, x):
        return 2 * self.base_layer(x)


class Twice(nn.Module):
    """A parametrization."""

    def forward(self, weight):
        return 2 * weight


def run(net, layout):
    """Return the last map of three images, two of four patches visible under a mask."""
    visible = None if layout == 'dense' else make_visible(3, 2, 2, 2)
    output = net(make_images(3, 64, 64), visible)
    return output if visible is not None else output[0]


def build(layout, **options):
    return make_net(layout='packed' if layout == 'dense' else layout, **options)


def twice_as_much(layout, name):
    """Return the map of a network whose layer has twice the weights and bias."""
    net = build(layout)
    with torch.no_grad():
        for parameter in net.get_submodule(name).parameters():
            parameter *= 2
    return run(net, layout)


def by_adapter(net, name):
    parent, _, child = name.rpartition('.')
    setattr(net.get_submodule(parent), child, Doubled(net.get_submodule(name)))


def by_hook(net, name):
    net.get_submodule(name).register_forward_hook(lambda module, inputs, output: 2 * output)


def by_parametrization(net, name):
    for parameter in ('weight', 'bias'):
        parametrize.register_parametrization(net.get_submodule(name), parameter, Twice())


def by_forward(net, name):
    layer = net.get_submodule(name)
    forward = layer.forward
    layer.forward = lambda x: 2 * forward(x)


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('name', CONVS.values(), ids=CONVS)
@pytest.mark.parametrize('double', [by_adapter, by_hook, by_parametrization, by_forward])
def test_what_is_done_to_a_convolution_counts(layout, name, double):
    net = build(layout)
    double(net, name)
    expected = twice_as_much(layout, name)
    torch.testing.assert_close(run(net, layout), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('name', CONVS.values(), ids=CONVS)
def test_pruned_weights_are_those_of_now(layout, name):
    net, expected = build(layout), build(layout)
    layer = net.get_submodule(name)
    prune.random_unstructured(layer, 'weight', amount=0.5)
    with torch.no_grad():
        layer.weight_orig *= 2
        expected.get_submodule(name).weight.copy_(layer.weight_orig * layer.weight_mask)
    torch.testing.assert_close(run(net, layout), run(expected, layout), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('layout', ['masked', 'packed'])
def test_looking_at_every_layer_changes_no_number_under_a_mask(layout):
    images, visible = make_images(3, 64, 64), make_visible(3, 2, 2, 2)
    net, seen = make_net(layout=layout), set()
    expected = gradients(make_net(layout=layout), images, visible)
    for name, module in net.named_modules():
        module.register_forward_hook(lambda *_, name=name: seen.add(name))
        module.register_full_backward_hook(lambda *_: None)
    assert_all_close(expected, gradients(net, images, visible), relative=1e-9)
    idle = {name for name, _ in net.named_modules()} - seen
    assert idle == {'downsample_layers', 'stages', 'norm3'}, 'lists, and what a mask leaves out'


def test_a_hook_on_a_stage_fires_once_with_channels_last():
    net, shapes = build('dense'), []
    for stage in net.stages:
        stage.register_forward_hook(lambda *given: shapes.append(tuple(given[2].shape)))
    net(make_images(2, 64, 96))
    assert shapes == [(2, 16, 24, 8), (2, 8, 12, 12), (2, 4, 6, 16), (2, 2, 3, 24)]


def test_hooks_on_grn_count():
    net, expected = build('dense'), build('dense')
    net.stages[0][0].grn.register_forward_hook(lambda module, inputs, output: 2 * output)
    with torch.no_grad():
        expected.stages[0][0].pointwise_conv2.weight.mul_(2)
    torch.testing.assert_close(run(net, 'dense'), run(expected, 'dense'), rtol=1e-9, atol=1e-9)


def test_layers_as_they_are_built_are_plain():
    block = build('dense').stages[0][0]
    assert is_plain(block.depthwise_conv, nn.Conv2d) and is_plain(block.grn, GRN)
    hook = block.grn.register_forward_hook(lambda *_: None)
    assert not is_plain(block.grn, GRN)
    hook.remove()
    assert is_plain(block.grn, GRN)


def test_the_pages_grad_cam_is_the_map_of_the_class():
    (code,) = re.findall(
        r'```python\n(import torch\n\n\ndef grad_cam.*?)```', PAGE.read_text(), re.S
    )
    page = {}
    exec(compile(code, str(PAGE), 'exec'), page)
    net, images = build('dense').eval(), make_images(2, 96, 128)
    weight = make_images(1, 1, 24, channels=1).flatten()  # of one class of a linear head

    def score(images):
        return net(images)[0].mean((2, 3)) @ weight

    found = page['grad_cam'](net.stages[-1], score, images)
    # Behind an average, each channel's slope is its weight: the map of Zhou et al., 2016.
    expected = torch.einsum('nchw,c->nhw', net(images)[0], weight).relu() / (3 * 4)
    assert expected.any()
    torch.testing.assert_close(found, expected.detach())
