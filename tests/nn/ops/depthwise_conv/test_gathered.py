"""Plain torch's depthwise convolution of packed rows against the definition in float64."""

import pytest
import torch

from mmcnx2.nn.ops.depthwise_conv import Windows, gathered, naive, on_blocks
from tests.support.closeness import assert_all_close
from tests.support.operations import draw, results
from tests.support.toy import make_visible

RADIUS = 3


def rows(n: int, h: int, w: int, count: int, side: int) -> tuple[torch.Tensor, dict]:
    """Return the visible patches' numbers and inputs for them."""
    patches = make_visible(n, h, w, count).flatten().nonzero().flatten()
    return patches, {
        'x': draw(n, count * side**2, 3, seed=0),
        'weight': draw(3, 1, 7, 7, seed=1),
        'bias': draw(3, seed=2),
    }


@pytest.mark.parametrize('plan', [Windows.of_blocks, Windows.of_images], ids=['blocks', 'images'])
@pytest.mark.parametrize('side', [1, 2, 4, 8])
def test_equals_the_definition(side, plan):
    patches, given = rows(2, 2, 3, 3, side)
    windows = plan(patches, (2, 2, 3), side, RADIUS)
    expected = results(lambda *args: naive.depthwise_conv(*args, windows), given)
    found = results(lambda *args: gathered(*args, windows), given)
    assert_all_close(expected, found, relative=1e-12)


@pytest.mark.parametrize('side', [1, 8])
def test_no_bias(side):
    patches, given = rows(1, 2, 2, 3, side)
    del given['bias']
    convolve = on_blocks(patches, (1, 2, 2), side, RADIUS, 'torch')
    expected = results(lambda x, w: naive.depthwise_conv(x, w, None, convolve.windows), given)
    assert_all_close(expected, results(lambda x, w: convolve(x, w, None), given), relative=1e-12)


def test_the_definition_sees_visible_neighbors_and_nothing_else():
    # One site a patch, three of four patches in a row visible; a kernel that adds up neighbors.
    windows = Windows.of_blocks(torch.tensor([0, 1, 3]), (1, 1, 4), 1, 1)
    x = torch.tensor([[[1.0], [10.0], [100.0]]])
    out = naive.depthwise_conv(x, torch.ones(1, 1, 3, 3), None, windows)
    assert out.flatten().tolist() == [11.0, 11.0, 100.0]
