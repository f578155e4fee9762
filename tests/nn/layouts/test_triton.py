"""The whole encoder with Triton's kernels against the masked definition and the dense maps."""

import pytest
import torch

from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.closeness import assert_all_close, gradients
from tests.support.devices import DEVICES, triton_device
from tests.support.operations import poisoned
from tests.support.toy import make_images, make_net, make_visible

pytest.importorskip('triton')

# Small: Triton's interpreter takes seconds for what a kernel does in microseconds on a GPU.
ARCH = {'depths': (1, 1, 1, 1), 'channels': (6, 7, 8, 9)}


@pytest.fixture(params=DEVICES)
def device(request):
    return triton_device(request.param)


def run(visible, *, device='cpu', **options):
    net = make_net(ARCH, **options).to(device)
    with poisoned():
        found = gradients(net, make_images(1, 32, 64).to(device), *visible)
    return {name: tensor.cpu() for name, tensor in found.items()}


@pytest.mark.parametrize('count', [1, 2], ids=['one-visible', 'all-visible'])
def test_packed_with_triton_equals_masked(count, device):
    visible = (make_visible(1, 1, 2, count),)
    expected = run(visible, layout='masked')
    found = run(visible, layout='packed', ops='triton', device=device)
    assert_all_close(expected, found, relative=1e-10)


def test_dense_with_triton_equals_dense_with_torch(device):
    assert_all_close(run((), ops='torch'), run((), ops='triton', device=device), relative=1e-10)


@pytest.mark.gpu  # the interpreter has one order to add up in
def test_the_same_images_give_the_same_bits():
    visible = (make_visible(1, 1, 2, 1),)
    options = dict(layout='packed', ops='triton', device='cuda')
    first, second = (run(visible, **options) for _ in range(2))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_unknown_kernels_are_refused():
    with pytest.raises(ValueError, match="ops='cuda' is unknown: use one of auto, torch, tr"):
        ConvNeXtV2('atto', ops='cuda')
