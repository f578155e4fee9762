"""Every rival of GRN sees visible sites alone, and gives the same numbers in every layout."""

import pytest
import torch

from mmcnx2.nn.patches import upsample
from mmcnx2.nn.response import RESPONSES as NAMES
from tests.support.closeness import assert_all_close, assert_close, gradients
from tests.support.responses import RESPONSES
from tests.support.toy import make_images, make_net, make_visible

every_response = pytest.mark.parametrize('response', RESPONSES.values(), ids=RESPONSES.keys())
every_layout = pytest.mark.parametrize('layout', ['masked', 'packed'])


def test_every_rival_is_tested():
    tested = {r if isinstance(r, str) else r['type'] for r in RESPONSES.values()}
    assert tested == NAMES.keys()


@every_response
@pytest.mark.parametrize(('size', 'count'), [((96, 64), 2), ((32, 160), 1), ((64, 96), 6)])
def test_packed_equals_masked(response, size, count):
    images = make_images(2, *size)
    visible = make_visible(2, size[0] // 32, size[1] // 32, count)
    found = [
        gradients(make_net(layout=layout, response=response), images, visible)
        for layout in ('masked', 'packed')
    ]
    assert_all_close(*found, relative=1e-10)


@every_layout
@every_response
def test_all_patches_visible_equals_dense(response, layout):
    net, images = make_net(layout=layout, response=response), make_images(2, 64, 96)
    everything = torch.ones(2, 2, 3, dtype=torch.bool)
    assert_all_close(gradients(net, images), gradients(net, images, everything), relative=1e-10)


@every_layout
@every_response
def test_changing_hidden_pixels_changes_nothing_visible(response, layout):
    net, images = make_net(layout=layout, response=response), make_images(2, 96, 128)
    visible = make_visible(2, 3, 4, 5)
    hidden = ~upsample(visible, 32).unsqueeze(1)
    expected = net(images, visible)
    assert torch.equal(expected, net(images.masked_fill(hidden, float('nan')), visible))


@every_layout
@every_response
def test_only_batch_norm_looks_at_the_other_images_and_only_while_training(response, layout):
    net, images = make_net(layout=layout, response=response), make_images(3, 64, 96)
    visible = make_visible(3, 2, 3, 2)
    alone, together = net(images[:2], visible[:2]), net(images, visible)[:2]
    if response == 'bn':
        assert not torch.allclose(alone, together)
        net.eval()
        alone, together = net(images[:2], visible[:2]), net(images, visible)[:2]
    assert_close('output', alone, together, relative=1e-12)


@every_response
def test_every_parameter_gets_a_gradient(response):
    net = make_net(response=response, final_norm=False)
    net(make_images(2, 64, 64), make_visible(2, 2, 2, 1)).square().sum().backward()
    idle = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle, f'no gradient reaches {idle}'


@every_response
def test_bfloat16_autocast_stays_close_to_float32(response):
    net = make_net(layout='packed', response=response).float()
    images, visible = make_images(2, 64, 96).float(), make_visible(2, 2, 3, 2)
    with torch.autocast('cpu', torch.bfloat16):
        actual = net(images, visible)
    actual.float().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())
    if response != 'site_normalization':  # which divides by means near 0
        assert_close('latent', net(images, visible), actual.float(), relative=0.2)


@pytest.mark.parametrize('response', ['bn', 'se', 'cbam'])
def test_images_may_show_different_numbers_of_patches_where_the_layout_lets_them(response):
    images = make_images(3, 64, 96)
    visible = make_visible(3, 2, 3, 2)
    visible[1] = make_visible(1, 2, 3, 4)[0]
    visible[2] = False
    found = gradients(make_net(layout='masked', response=response), images, visible)
    for name, tensor in found.items():
        assert torch.isfinite(tensor).all(), name
