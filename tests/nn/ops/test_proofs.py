"""What tools/benchmarks/gpu_table.py proves first, as tests: kernels at the sizes of real networks.

Dry, on a CPU, tests/tools/test_gpu_table.py runs the same lines.
"""

import pytest
from gpu import graph, kernels, right
from gpu.row import Row
from gpu.setting import Setting

pytestmark = pytest.mark.gpu
SETTING = Setting()


def wrong(rows) -> list[Row]:
    rows = [*rows]
    assert rows
    return [row for row in rows if row.verdict != 'ok']


@pytest.mark.parametrize('operation', kernels.list_kernels())
def test_kernels_are_right_in_every_precision(operation):
    assert not wrong(right.prove_kernels(SETTING, operation))


def test_networks_are_right():
    assert not wrong(right.prove_networks(SETTING))


def test_a_recorded_training_step_moves_the_weights_as_a_plain_one():
    steps = (graph.build(SETTING, 'atto', 8) for _ in range(2))
    assert not wrong([graph.prove(SETTING, *steps)])
