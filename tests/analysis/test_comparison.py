"""What may be said of two arms of an experiment."""

import pytest

from mmcnx2.analysis.comparison import Arm, verdict


def test_mean_and_spread_over_the_seeds():
    arm = Arm('pre-trained', [30.0, 40.0, 50.0])
    assert arm.mean == 40 and arm.spread == 10
    assert Arm('alone', [30.0]).spread == 0


@pytest.mark.parametrize(
    ('treated', 'control', 'begin'),
    [
        ([40.0, 41.0, 42.0], [10.0, 11.0, 12.0], 'Pre-training clearly helped: 41.0 % against 11'),
        ([10.0, 11.0, 12.0], [40.0, 41.0, 42.0], 'Pre-training clearly hurt: 11.0 % against 41'),
        ([40.0, 41.0, 42.0], [39.0, 41.5, 43.0], 'No clear difference'),
        # Apart, but by less than twice the spread.
        ([20.0, 30.0, 40.0], [17.0, 18.0, 19.0], 'No clear difference'),
    ],
    ids=['helps', 'hurts', 'overlaps', 'spreads'],
)
def test_clear_is_said_only_of_arms_that_lie_apart(treated, control, begin):
    said = verdict(Arm('pre-trained', treated), Arm('from scratch', control))
    assert said.startswith(begin)
