"""How a dialect stores a tensor: the same numbers in another shape or order."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _from_kernel(kernel: Tensor) -> Tensor:
    """``(k * k, in, out)``, the window column by column, to ``(out, in, row, column)``."""
    side = round(kernel.shape[0] ** 0.5)
    return kernel.unflatten(0, (side, side)).permute(3, 2, 1, 0).contiguous()


def _to_kernel(weight: Tensor) -> Tensor:
    return weight.permute(3, 2, 1, 0).flatten(0, 1).contiguous()


def _from_depthwise_kernel(kernel: Tensor) -> Tensor:
    """``(k * k, C)``, the window column by column, to ``(C, 1, row, column)``."""
    side = round(kernel.shape[0] ** 0.5)
    return kernel.unflatten(0, (side, side)).permute(2, 1, 0).unsqueeze(1).contiguous()


def _to_depthwise_kernel(weight: Tensor) -> Tensor:
    return weight.squeeze(1).permute(2, 1, 0).flatten(0, 1).contiguous()


@dataclass(frozen=True)
class Form:
    """A way to store a tensor.

    Axes of length one are not its business when reading: the reader drops and adds them by itself,
    so that GRN's parameters are understood as ``(C,)``, ``(1, C)`` and ``(1, 1, 1, C)`` alike.

    Attributes:
        read: From the dialect's tensor to this package's, up to axes of length one.
        write: From this package's tensor to the dialect's, exactly.
    """

    read: Callable[[Tensor], Tensor] = _same
    write: Callable[[Tensor], Tensor] = _same


AS_IS = Form()
ROW = Form(write=lambda vector: vector[None])
"""``(1, C)`` for ``(C,)``."""
CHANNELS_LAST = Form(write=lambda vector: vector[None, None, None])
"""``(1, 1, 1, C)`` for ``(C,)``."""
CHANNELS_FIRST = Form(write=lambda vector: vector[None, :, None, None])
"""``(1, C, 1, 1)`` for ``(C,)``."""
POINTWISE = Form(write=lambda matrix: matrix[:, :, None, None])
"""A 1x1 convolution ``(out, in, 1, 1)`` for a linear layer ``(out, in)``."""
KERNEL = Form(_from_kernel, _to_kernel)
"""MinkowskiEngine's convolution, ``(k * k, in, out)``: it numbers a window column by column."""
DEPTHWISE_KERNEL = Form(_from_depthwise_kernel, _to_depthwise_kernel)
"""MinkowskiEngine's depthwise convolution, ``(k * k, C)``, likewise."""
