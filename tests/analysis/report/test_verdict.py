"""Each verdict follows from the numbers that its rule names, and from no others."""

import numpy as np
import pytest

from mmcnx2.analysis.report.verdict import Facts, judge

noise = np.random.default_rng(0).normal(0, 0.003, 100)
FLAT = 1 + noise
DONE = 0.6 + 0.4 * np.exp(-np.arange(100) / 5) + noise
FALLING = np.linspace(1, 0.5, 100) + noise


def kinds(**facts) -> list[str]:
    return [finding.kind for finding in judge(Facts(**facts))]


@pytest.mark.parametrize(
    ('facts', 'expected'),
    [
        (dict(), []),
        (dict(losses=DONE[:5]), []),
        (dict(losses=DONE), ['learning']),
        (dict(losses=FALLING), ['still improving', 'learning']),
        (dict(losses=FLAT), ['not learning']),
        (dict(losses=FLAT, steps=150), ['too short']),
        (dict(losses=FLAT, steps=5000), ['not learning']),
        (dict(losses=FALLING, steps=150), ['still improving', 'learning']),
        (dict(losses=[*DONE, float('nan')], steps=150), ['not learning']),
        (dict(losses=FALLING[::-1]), ['not learning']),
        (dict(losses=[*DONE, float('nan')]), ['not learning']),
        (dict(losses=DONE, waiting=0.5), ['starved of data', 'learning']),
        (dict(losses=DONE, waiting=0.1), ['learning']),
        (dict(losses=DONE, diversity=[0.4, 0.05, 0.4, 0.4]), ['collapsed', 'learning']),
        (dict(losses=DONE, diversity=[0.4] * 4, rank=1.3), ['collapsed', 'learning']),
        (dict(losses=DONE, diversity=[0.4] * 4, rank=20.0), ['learning']),
        (dict(scores=[50, 70, 60]), ['over-fitted']),
        (dict(scores=[50, 70, 69.5]), []),
        (dict(scores=[50, 60, 70]), []),
        (dict(scores=[99, 100, 100]), []),
    ],
)
def test_the_numbers_decide(facts, expected):
    assert kinds(**facts) == expected


def test_a_finding_says_its_numbers_and_its_rule():
    (found,) = judge(Facts(diversity=[0.4, 0.05]))
    assert 'stage 2 (0.05)' in found.sentence
    assert 'below 0.1' in found.rule and 'Figure 4' in found.rule
