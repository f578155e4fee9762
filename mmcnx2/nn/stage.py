"""A stage: blocks in turn, called as one, so that whoever hooks stages sees them."""

from collections.abc import Iterable

from torch import Tensor, nn

from mmcnx2.nn.layouts import Layout


class Stage(nn.Sequential):
    """Blocks of one width and resolution; their parameters bear mmpretrain's numbers.

    Args:
        blocks: In turn, each called with features and a layout.
    """

    def __init__(self, blocks: Iterable[nn.Module]):
        super().__init__(*blocks)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of the shape of ``x``, which lives in ``layout``, channels last."""
        for block in self:
            x = block(x, layout)
        return x
