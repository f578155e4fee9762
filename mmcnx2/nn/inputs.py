"""What an encoder may be given: images, and a mask over their patches."""

import torch
import torch.fx
from torch import Tensor


def check_inputs(images: Tensor, visible: Tensor | None, stride: int) -> None:
    """Refuse sizes and masks that an encoder cannot compute with.

    Args:
        images: ``(N, C_in, H, W)``; a symbol of ``torch.fx`` has no size yet and passes.
        visible: Bool ``(N, H / stride, W / stride)``, True where the encoder may look, or None.
        stride: Pixels between the sites of the last stage, down and across.

    Raises:
        ValueError: Images smaller than the stride, or with ``visible`` of a size that it does not
            divide, or a ``visible`` of another shape.
        TypeError: A ``visible`` that is not bool.
    """
    if isinstance(images, torch.fx.Proxy):
        return
    n, _, height, width = images.shape
    if min(height, width) < stride:
        raise ValueError(
            f'images of {height}x{width} px are smaller than the stride of {stride}: resize or '
            f'pad them to {stride} or more.'
        )
    if visible is None:
        return
    if height % stride or width % stride:
        raise ValueError(
            f'images of {height}x{width} px do not divide into the patches of {stride} px that '
            f'a mask hides: resize, or pad to multiples of {stride} (in the data preprocessor, '
            f'pad_size_divisor={stride} of mmpretrain and mmdet, size_divisor={stride} of '
            'mmseg).'
        )
    if visible.dtype != torch.bool:
        raise TypeError(
            f'visible is {visible.dtype}, but must be bool, True where the encoder may look: '
            'a mask with 1 = removed becomes it by mask == 0.'
        )
    grid = (n, height // stride, width // stride)
    if visible.shape != grid:
        raise ValueError(
            f'visible has shape {tuple(visible.shape)}, but images of {n}x{height}x{width} '
            f'with stride {stride} need {grid}: one flag a patch.'
        )


def known_mask(visible: Tensor | None) -> Tensor | None:
    """Return the mask, None where it is a symbol of ``torch.fx``, which may stand for either.

    A graph is of whole images: it has a call of :func:`refuse_mask`, with what it will be given.
    """
    if not isinstance(visible, torch.fx.Proxy):
        return visible
    refuse_mask(visible)
    return None


@torch.fx.wrap
def refuse_mask(visible: Tensor | None) -> None:
    """Refuse a mask, in a graph of whole images: wrapped, so that it stays a call in the graph.

    Raises:
        ValueError: ``visible`` is not None.
    """
    if visible is not None:
        raise ValueError(
            'visible is given, but a graph of torch.fx is of whole images: call the network '
            'itself, or trace it by torch.jit.trace(net, (images, visible)).'
        )
