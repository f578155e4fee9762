"""Multiply-adds, counted without computing anything."""

import pytest

from mmcnx2.analysis.complexity import multiply_adds


def test_equals_a_count_by_hand():
    channels, side, sites = 8, 16, (64 // 4) ** 2
    stem = sites * channels * 3 * 4 * 4
    block = sites * (channels * 7 * 7 + 2 * channels * 4 * channels)
    assert side**2 == sites
    arch = {'depths': (2,), 'channels': (channels,)}
    assert multiply_adds(arch, 64) == stem + 2 * block
    assert multiply_adds(arch, 64, num_classes=5) == stem + 2 * block + 5 * channels


@pytest.mark.parametrize(
    ('size', 'options', 'giga'),
    [
        (224, {'num_classes': 1000}, 0.547),
        (384, {'num_classes': 1000}, 0.547 * (384 / 224) ** 2),
        ((224, 448), {}, 2 * 0.547),
        (112, {'stem_patch_size': 2}, 0.547),
        (224, {'in_channels': 6}, 0.547 + 3136 * 40 * 48 / 1e9),
    ],
    ids=str,
)
def test_atto_costs_what_the_paper_says(size, options, giga):
    assert multiply_adds('atto', size, **options) / 1e9 == pytest.approx(giga, rel=0.02)


def test_a_size_that_the_stride_does_not_divide_is_refused():
    with pytest.raises(ValueError, match='200x200 px do not divide into the stride of 32'):
        multiply_adds('atto', 200)
