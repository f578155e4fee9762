"""GRN takes the projection along only where calling the layer would do no more."""

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from mmcnx2.nn.grn import GRN
from mmcnx2.nn.layouts import DenseLayout
from tests.support.toy import randomize


class WithAdapter(nn.Linear):
    """As LoRA: a weight that is not all of what the layer does."""

    def forward(self, x):
        return super().forward(x) + x.sum(-1, keepdim=True)


def pruned(linear: nn.Linear) -> nn.Linear:
    """Prune a layer and move its weight, from which a hook makes the one that it uses."""
    prune.random_unstructured(linear, 'weight', amount=0.5)
    with torch.no_grad():
        linear.weight_orig.mul_(2)
    return linear


@pytest.mark.parametrize(
    'make',
    [nn.Linear, lambda *c: nn.Linear(*c, bias=False), WithAdapter,
     lambda *c: pruned(nn.Linear(*c))],
    ids=['plain', 'no bias', 'adapter', 'pruned'],
)  # fmt: skip
def test_projecting_is_calling_the_layer(make):
    grn, linear = randomize(GRN(12)).double(), make(12, 3).double()
    x = torch.randn(2, 4, 5, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = grn.project(x, DenseLayout(), linear)
    torch.testing.assert_close(found, linear(grn.after_gelu(x, DenseLayout())))
