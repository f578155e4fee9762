"""How whole maps are cut."""

import pytest

from mmcnx2.nn.ops.depthwise_conv import Windows


@pytest.mark.parametrize(
    ('size', 'side'),
    [((14, 28), 7), ((7, 7), 7), ((1, 1), 7), ((56, 56), 8), ((64, 80), 8), ((200, 320), 8)],
)
def test_maps_are_cut_into_tiles_that_waste_least(size, side):
    assert Windows.of_map(*size, 3, 'cpu').side == side
