"""What the blocks of a backbone compute on the way, reduced on the spot: maps are large."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

import torch
from torch import Tensor, nn

from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.nn.layouts import Layout

T = TypeVar('T')
Reduce = Callable[[Tensor], T]


def reduce_expanded(
    net: ConvNeXtV2, images: Tensor, reduce: Reduce, visible: Tensor | None = None
) -> list[list[T]]:
    """Reduce the expanded features of every block, the 4C channels that its projection reads.

    That is after GELU in V1 and after GRN in V2; an ablation's block has there whatever stands
    between expansion and projection. The backbone computes in the mode that it is in.

    Args:
        net: The backbone, not wrapped.
        images: ``(N, C_in, H, W)``, normalized; H and W are multiples of the total stride.
        reduce: Called once a block with ``(N, 4C, H', W')``, float32 or wider, zero at hidden
            sites. Keep its result small.
        visible: Bool ``(N, h, w)``, True where the encoder may look; None shows everything.

    Returns:
        Results of ``reduce``, a list a stage with one entry a block.
    """
    return _watch(net, images, visible, reduce, _before_projection)


def reduce_outputs(net: ConvNeXtV2, images: Tensor, reduce: Reduce) -> list[list[T]]:
    """Reduce the output of every residual block, ``(N, C, H', W')``, of whole images.

    Arguments and result are those of :func:`reduce_expanded`.
    """
    return _watch(net, images, None, reduce, _after_block)


def _before_projection(block: nn.Module, found: Callable):
    def hook(block: nn.Module, inputs: tuple) -> None:
        found(block.expanded(*inputs), inputs[1])

    return block.register_forward_pre_hook(hook)


def _after_block(block: nn.Module, found: Callable):
    return block.register_forward_hook(lambda _, inputs, output: found(output, inputs[1]))


@torch.no_grad()
def _watch(net: ConvNeXtV2, images: Tensor, visible, reduce: Reduce, attach) -> list[list[T]]:
    results = [[] for _ in net.stages]

    def keep(stage: int) -> Callable[[Tensor, Layout], None]:
        def found(x: Tensor, layout: Layout) -> None:
            maps = layout.to_maps(x)
            wide = torch.promote_types(maps.dtype, torch.float32)
            results[stage].append(reduce(maps.to(wide)))

        return found

    with ExitStack() as attached:
        for stage, blocks in enumerate(net.stages):
            for block in blocks:
                attached.enter_context(attach(block, keep(stage)))
        net(images, visible)  # called as in training, which gathers weights that are shared out
    return results
