"""Windows and targets that Triton cuts out of pixels against the definition."""

import pytest
import torch

from mmcnx2.nn.fcmae import FCMAE
from mmcnx2.nn.ops.pixels import Pixels, naive
from tests.support.closeness import assert_all_close, assert_close
from tests.support.devices import DEVICES, triton_device
from tests.support.operations import poisoned
from tests.support.toy import make_visible

pytest.importorskip('triton')
from mmcnx2.nn.ops.pixels import fused_triton


@pytest.fixture(params=DEVICES)
def device(request):
    return triton_device(request.param)


def make_pixels(n, channels, height, width, device, *, turned=True, dtype=torch.uint8) -> Pixels:
    generator = torch.Generator().manual_seed(0)
    values = torch.randint(0, 256, (n, channels, height, width), generator=generator)
    mean, std = (torch.linspace(*ends, channels, device=device) for ends in ((90, 130), (20, 70)))
    return Pixels(values.to(device, dtype), mean, std, turned)


# Patches of 8 px in images of 2 x 3: the first, one in the middle of the second image, the last.
CHOSEN = (0, 8, 11)
# Bytes and floats, one channel and more than a block of a patch has room for.
CASES = [(3, True, torch.uint8), (1, False, torch.uint8), (17, True, torch.float32)]


@pytest.mark.parametrize(('channels', 'turned', 'dtype'), CASES)
def test_windows_are_those_of_normalized_images(channels, turned, dtype, device):
    pixels = make_pixels(2, channels, 16, 24, device, turned=turned, dtype=dtype)
    patches = torch.tensor(CHOSEN, device=device)
    with poisoned():
        found = fused_triton.windows(pixels, patches, 4, 2)
    assert found.equal(naive.windows(pixels.normalized(), patches, 4, 2))


def test_windows_are_cast_as_autocast_says(device):
    pixels, patches = make_pixels(1, 3, 8, 8, device), torch.tensor([0], device=device)
    expected = naive.windows(pixels.normalized(), patches, 4, 2).bfloat16()
    with torch.autocast(device.type, torch.bfloat16), poisoned():
        found = fused_triton.windows(pixels, patches, 4, 2)
    assert found.dtype == torch.bfloat16
    # The interpreter cuts off what a GPU rounds.
    assert_close('windows', expected.float(), found.float(), relative=2**-7)


@pytest.mark.parametrize('eps', [1e-6, None], ids=['standardized', 'as they are'])
@pytest.mark.parametrize(('channels', 'turned', 'dtype'), CASES)
def test_targets_are_those_of_normalized_images(channels, turned, dtype, eps, device):
    pixels = make_pixels(2, channels, 16, 24, device, turned=turned, dtype=dtype)
    pixels.values[1, :, 8:, 16:] = 7  # the last patch has one color
    patches = torch.tensor(CHOSEN, device=device)
    with poisoned():
        found = fused_triton.targets(pixels, patches, 8, eps)
    exact = Pixels(pixels.values.double(), pixels.mean.double(), pixels.std.double(), turned)
    normalized = (exact.values.flip(1) if turned else exact.values) - exact.mean.view(-1, 1, 1)
    expected = naive.targets(normalized / exact.std.view(-1, 1, 1), patches, 8, eps)
    assert_close('targets', expected.cpu(), found.double().cpu(), relative=2e-6)


def test_fcmae_has_the_loss_and_the_gradients_of_images(device):
    arch = {'depths': [1], 'channels': [6]}
    net = FCMAE(arch, embed_dims=4, ops='triton').to(device)
    pixels, visible = make_pixels(2, 3, 8, 8, device), make_visible(2, 2, 2, 1)
    assert net.takes_pixels(pixels)

    def run(images):
        net.zero_grad()
        loss = net(images, visible)
        loss.backward()
        gradients = {name: p.grad.clone() for name, p in net.named_parameters()}
        return dict(gradients, loss=loss.detach())

    assert_all_close(run(pixels.normalized()), run(pixels), relative=1e-4)


def test_pixels_become_images_where_no_kernel_takes_them():
    net = FCMAE({'depths': [1], 'channels': [2]}, embed_dims=4, ops='torch')
    pixels, visible = make_pixels(2, 3, 8, 8, 'cpu'), make_visible(2, 2, 2, 1)
    assert not net.takes_pixels(pixels)
    assert net(pixels, visible).equal(net(pixels.normalized(), visible))


def test_the_operations_keep_torchs_contract(device):
    pixels, patches = make_pixels(1, 3, 8, 8, device), torch.tensor([0], device=device)
    given = pixels.values, pixels.mean, pixels.std, True, patches
    torch.library.opcheck(torch.ops.mmcnx2.pixel_windows.default, (*given, 4, 2, torch.float16))
    torch.library.opcheck(torch.ops.mmcnx2.pixel_targets.default, (*given, 8, 1e-6))
