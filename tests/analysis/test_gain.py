"""What may be said of two arms: a mean of differences, its interval, and one sentence."""

import pytest

from mmcnx2.analysis.gain import Gain, gain_of, sentence


def by_seed(*scores: float) -> dict[int, float]:
    return dict(enumerate(scores))


def test_the_interval_is_students_over_the_differences():
    gain = gain_of(by_seed(32, 34, 39), by_seed(20, 20, 20))
    # Differences 12, 14, 19: mean 15, standard deviation sqrt(13), and t = 4.3027 at 2 degrees.
    assert gain.mean == 15 and gain.seeds == 3
    assert gain.margin == pytest.approx(4.302653 * (13 / 3) ** 0.5, rel=1e-6)
    assert gain.is_clear
    assert str(gain) == '+15.0 ± 9.0'


def test_what_the_labels_do_to_both_arms_is_no_spread():
    """One seed draws easier labels than another: both arms feel it, and the difference does not."""
    gain = gain_of(by_seed(50, 30, 71), by_seed(40, 19, 60))
    assert gain.mean == pytest.approx(32 / 3)
    assert gain.margin < 2 and gain.is_clear


def test_seeds_that_one_arm_lacks_are_left_out():
    assert gain_of({0: 10.0, 1: 20.0, 2: 30.0}, {1: 15.0, 2: 24.0, 3: 0.0}).mean == 5.5
    assert gain_of({0: 10.0}, {1: 10.0}) is None


@pytest.mark.parametrize(
    ('treated', 'said'),
    [
        ((32, 34, 39), 'pre gives 15.0 ± 9.0 points more than scratch'),
        ((8, 6, 1), 'pre costs 15.0 ± 9.0 points against scratch'),
        ((32, 14, 20), 'pre and scratch cannot be told apart (+2.0 ± 22.8)'),
        (
            (20, 20, 20),
            'pre and scratch differ by +0.0 with each of 3 seeds, which shows no spread',
        ),
        ((33,), 'pre and scratch differ by +13.0, of which one seed allows no statement'),
    ],
    ids=['helps', 'hurts', 'overlaps', 'coarse', 'one seed'],
)
def test_the_sentence_says_no_more_than_the_numbers(treated, said):
    gain = gain_of(by_seed(*treated), by_seed(20, 20, 20))
    assert sentence('pre', 'scratch', {0.1: gain}).startswith(f'At 10 % of the labels, {said}')


def test_one_sentence_tells_all_shares_from_the_smallest():
    gains = {1.0: Gain(0.5, 3.0, 3), 0.01: None, 0.1: Gain(14.0, 3.0, 3)}
    assert sentence('pre', 'scratch', gains) == (
        'At 10 % of the labels, pre gives 14.0 ± 3.0 points more than scratch; '
        'at 100 %, pre and scratch cannot be told apart (+0.5 ± 3.0).'
    )
    assert sentence('pre', 'scratch', {0.1: None}) == 'Nothing can be said of pre and scratch yet.'
