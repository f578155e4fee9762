"""What "sparse" means, in every layout that takes a mask."""

import pytest
import torch

from mmcnx2.nn.patches import upsample
from tests.support.closeness import assert_all_close, assert_close, gradients
from tests.support.toy import make_images, make_net, make_visible

LAYOUTS = ('masked', 'packed')


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('garbage', [7.0, 1e30, float('nan')])
def test_changing_hidden_pixels_changes_nothing_visible(layout, garbage):
    net, images = make_net(layout=layout), make_images(2, 96, 128)
    visible = make_visible(2, 3, 4, 5)
    hidden = ~upsample(visible, 32).unsqueeze(1)
    expected = net(images, visible)
    actual = net(images.masked_fill(hidden, garbage), visible)
    assert torch.equal(expected, actual)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_hidden_pixels_get_no_gradient_and_hidden_patches_are_zero(layout):
    images, visible = make_images(2, 96, 128), make_visible(2, 3, 4, 5)
    found = gradients(make_net(layout=layout), images, visible)
    hidden = ~upsample(visible, 32).unsqueeze(1)
    assert not found['output'][(~visible).unsqueeze(1).expand_as(found['output'])].any()
    assert not (found['gradient of images'] * hidden).any()


@pytest.mark.parametrize('layout', LAYOUTS)
def test_all_patches_visible_equals_dense(layout):
    net, images = make_net(layout=layout), make_images(2, 64, 96)
    everything = torch.ones(2, 2, 3, dtype=torch.bool)
    assert_all_close(gradients(net, images), gradients(net, images, everything), relative=1e-10)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_adding_an_image_to_the_batch_changes_no_other(layout):
    net, images = make_net(layout=layout), make_images(3, 64, 96)
    visible = make_visible(3, 2, 3, 2)
    alone = net(images[:2], visible[:2])
    together = net(images, visible)[:2]
    assert_close('output', alone, together, relative=1e-12)


def test_batch_grn_does_look_at_the_other_images():
    net, images = make_net(layout='packed', grn_scope='batch'), make_images(3, 64, 96)
    visible = make_visible(3, 2, 3, 2)
    assert not torch.allclose(net(images[:2], visible[:2]), net(images, visible)[:2])


def test_two_forwards_before_a_backward_keep_their_own_masks():
    net, images = make_net(layout='packed', with_cp=True), make_images(2, 64, 96)
    first, second = make_visible(2, 2, 3, 2, seed=1), make_visible(2, 2, 3, 4, seed=2)
    (net(images, first).sum() + net(images, second).square().sum()).backward()
    together = {name: p.grad.clone() for name, p in net.named_parameters()}
    net.zero_grad()
    net(images, first).sum().backward()
    net(images, second).square().sum().backward()
    for name, parameter in net.named_parameters():
        assert_close(name, parameter.grad, together[name], relative=1e-12)
