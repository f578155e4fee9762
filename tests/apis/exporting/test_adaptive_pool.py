"""Pooling by matrices equals torch's, whether or not cells divide the map."""

import pytest
import torch
from torch import nn

from mmcnx2.apis.exporting.adaptive_pool import AdaptivePool, replace_adaptive_pools


@pytest.mark.parametrize('cells', [(1, 1), (2, 3), (6, 6)])
@pytest.mark.parametrize('size', [(6, 6), (7, 11), (4, 5)])
def test_equals_torchs(cells, size):
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = nn.AdaptiveAvgPool2d(cells)(x)
    torch.testing.assert_close(AdaptivePool(*cells)(x), expected)


def test_replaces_at_any_depth():
    net = nn.Sequential(nn.AdaptiveAvgPool2d((2, 3)), nn.Sequential(nn.AdaptiveAvgPool2d(4)))
    replace_adaptive_pools(net)
    assert [(m.rows, m.columns) for m in net.modules() if isinstance(m, AdaptivePool)] == [
        (2, 3), (4, 4),
    ]  # fmt: skip
