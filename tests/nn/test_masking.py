"""Random masks: how many patches, which, and from what randomness."""

import pytest
import torch

from mmcnx2.models import RandomMasking


@pytest.mark.parametrize(
    ('ratio', 'grid', 'count'),
    [(0.6, (7, 7), 19), (0.6, (4, 4), 6), (0.9, (2, 5), 1), (0.75, (3, 5), 3), (0.1, (7, 7), 44)],
)
def test_every_image_shows_floor_of_the_kept_share(ratio, grid, count):
    visible = RandomMasking(ratio)(16, *grid)
    assert visible.dtype == torch.bool and visible.shape == (16, *grid)
    assert visible.flatten(1).sum(1).tolist() == [count] * 16


def test_a_seed_repeats_the_sequence_of_masks_whatever_else_draws():
    first, second = RandomMasking(seed=7), RandomMasking(seed=7)
    expected = [first(4, 7, 7) for _ in range(3)]
    actual = []
    for _ in range(3):
        torch.rand(5)
        actual.append(second(4, 7, 7))
    assert torch.equal(torch.stack(expected), torch.stack(actual))
    assert not torch.equal(expected[0], expected[1])


def test_without_a_seed_torch_decides():
    torch.manual_seed(3)
    expected = RandomMasking()(4, 7, 7)
    torch.manual_seed(3)
    assert torch.equal(expected, RandomMasking()(4, 7, 7))


def test_every_patch_is_shown_equally_often():
    share = RandomMasking(seed=0)(20000, 3, 3).float().mean(0)
    # Three of nine; the standard error of a share is 0.0033.
    assert share.sub(3 / 9).abs().max() < 0.02


@pytest.mark.parametrize('ratio', [0.0, 1.0, -0.1, 60])
def test_a_ratio_out_of_range_is_refused(ratio):
    with pytest.raises(ValueError, match=f'mask ratio={ratio} must lie between 0 and 1'):
        RandomMasking(ratio)


def test_a_ratio_that_keeps_nothing_is_refused():
    with pytest.raises(ValueError, match='mask ratio=0.9 keeps none of 4 patches'):
        RandomMasking(0.9)(1, 2, 2)
