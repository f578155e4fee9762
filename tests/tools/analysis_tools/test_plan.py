"""The plan of a large run follows from its assumptions by hand-made arithmetic."""

import re

import pytest
from analysis_tools.budget import GPUS, Assumptions, make_plan, token_channels

from tests.support.command_line import passed
from tests.support.forked_tool import tool

RUN = dict(
    gpus=64, gpu='h100-80g', images=14_000_000, epochs=1600, batch_per_gpu=64,
    parameters=660_000_000, multiply_adds=45_000_000_000,
)  # fmt: skip


def test_a_given_throughput_sets_time_and_cost():
    plan = make_plan('huge', **RUN, throughput=500, assumptions=Assumptions(price=2))
    assert plan.steps == 1600 * 3418  # 14,000,000 / 4096, rounded up
    assert plan.images_per_gpu == pytest.approx(500)
    assert plan.days == pytest.approx(plan.steps * 64 / 500 / 86_400)
    assert plan.cost == pytest.approx(plan.days * 24 * 64 * 2)
    assert plan.loader_cores == 128  # 64 * 500 / 250
    assert plan.read_rate == pytest.approx(64 * 500 * 110e3)


def test_without_one_the_slower_of_computing_and_network_sets_the_step():
    fast = make_plan('huge', **RUN, assumptions=Assumptions(network=1e15))
    slow = make_plan('huge', **RUN, assumptions=Assumptions(network=1e9))
    assert fast.images_per_gpu == pytest.approx(
        64 / (fast.limits['arithmetic'] + fast.limits['memory'])
    )
    assert slow.images_per_gpu == pytest.approx(64 / slow.limits['network'])
    assert fast.limits['arithmetic'] == pytest.approx(64 * 6 * 45e9 / (0.5 * 989e12))


def test_sharding_divides_the_state_by_the_gpus():
    copied, shared = (
        make_plan('huge', **RUN, assumptions=Assumptions(sharded=sharded))
        for sharded in (False, True)
    )
    assert copied.memory - shared.memory == pytest.approx(16 * 660e6 * 63 / 64)
    assert shared.largest_batch > copied.largest_batch


def test_the_largest_batch_just_fits():
    plan = make_plan('base', **RUN)
    for images, fits in ((plan.largest_batch, True), (plan.largest_batch + 1, False)):
        memory = make_plan('base', **{**RUN, 'batch_per_gpu': images}).memory
        assert (memory <= GPUS['h100-80g'].memory) == fits


def test_token_channels_of_base():
    """docs/performance.md: 1.8 million visible ones."""
    assert token_channels('base', 224) * 19 / 49 == pytest.approx(1.8e6, rel=0.05)


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (dict(gpus=0), 'gpus=0, but 1 or more'),
        (dict(gpu='abacus'), "gpu='abacus' is unknown: use one of a100-40g"),
        (dict(throughput=-1), 'throughput=-1, but more than 0'),
    ],
)
def test_what_makes_no_sense_is_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_plan('huge', **{**RUN, **change})


def test_assumptions_are_checked():
    with pytest.raises(ValueError, match=r'efficiency=1\.5, but a share'):
        Assumptions(efficiency=1.5)


def test_the_tool_shows_the_plan_and_every_assumption(tmp_path):
    command = '--arch huge --gpus 64 --gpu h100-80g --images 14M --epochs 1600 --price 2'
    said = passed(tool('analysis_tools/plan.py', *command.split(), cwd=tmp_path))
    for shown in ('Memory a GPU', '5,468,800', 'days', 'Cost', 'cores', 'GB/s', 'estimate'):
        assert shown in said, f'{shown} is missing in:\n{said}'
    for name in Assumptions.__dataclass_fields__:
        assert re.search(rf'^\s*{name} = ', said, re.MULTILINE), name
