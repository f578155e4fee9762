"""The whole encoder with Triton's kernels against the masked definition and the dense maps."""

import pytest

from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.closeness import assert_all_close, gradients
from tests.support.operations import DEVICE
from tests.support.toy import make_images, make_net, make_visible

pytest.importorskip('triton')

# Small: without a GPU, Triton's interpreter takes seconds for what a kernel does in microseconds.
ARCH = {'depths': (1, 1, 1, 1), 'channels': (6, 7, 8, 9)}


def run(visible, **options):
    net = make_net(ARCH, **options).to(DEVICE)
    found = gradients(net, make_images(1, 32, 64).to(DEVICE), *visible)
    return {name: tensor.cpu() for name, tensor in found.items()}


@pytest.mark.parametrize('count', [1, 2], ids=['one-visible', 'all-visible'])
def test_packed_with_triton_equals_masked(count):
    visible = (make_visible(1, 1, 2, count),)
    expected = run(visible, layout='masked')
    assert_all_close(expected, run(visible, layout='packed', ops='triton'), relative=1e-10)


def test_dense_with_triton_equals_dense_with_torch():
    assert_all_close(run((), ops='torch'), run((), ops='triton'), relative=1e-10)


def test_unknown_kernels_are_refused():
    with pytest.raises(ValueError, match="ops='cuda' is unknown: use one of auto, torch, tr"):
        ConvNeXtV2('atto', ops='cuda')
