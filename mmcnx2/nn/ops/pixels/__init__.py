"""From the pixels of images to what FCMAE computes with: visible windows, and hidden targets.

``naive`` is the definition: it normalizes whole images, then cuts out what is wanted.
``fused_triton`` reads no pixel but those, and normalizes them on the way. Which of them computes is
decided here and nowhere else.
"""

from torch import Tensor

from mmcnx2.nn.ops.pixels import naive
from mmcnx2.nn.ops.pixels.naive import Pixels

__all__ = ['Pixels', 'hidden_targets', 'visible_windows']


def visible_windows(
    images: Tensor | Pixels, patches: Tensor, side: int, kernel: int, *, ops: str
) -> Tensor:
    """Return what the stem's convolution sees of visible patches; see :func:`.naive.windows`.

    Args:
        images: ``(N, C, H, W)``, normalized, or pixels to normalize.
        patches: Int64 ``(P,)``, numbers of the patches over ``N * h * w``.
        side: Windows along one side of a patch.
        kernel: Pixels along one side of a window.
        ops: 'triton' takes pixels as they are; anything else normalizes them first.
    """
    if isinstance(images, Pixels) and ops == 'triton':
        from mmcnx2.nn.ops.pixels.fused_triton import windows

        return windows(images, patches, side, kernel)
    return naive.windows(_normalized(images), patches, side, kernel)


def hidden_targets(
    images: Tensor | Pixels, patches: Tensor, size: int, eps: float | None, *, ops: str
) -> Tensor:
    """Return what predictions of patches are compared with; see :func:`.naive.targets`.

    Args:
        images: ``(N, C, H, W)``, normalized, or pixels to normalize.
        patches: Int64 ``(P,)``, numbers of the patches over ``N * h * w``.
        size: Pixels along one side of a patch.
        eps: Added to a patch's variance; None leaves patches as they are.
        ops: 'triton' takes pixels as they are; anything else normalizes them first.
    """
    if isinstance(images, Pixels) and ops == 'triton':
        from mmcnx2.nn.ops.pixels.fused_triton import targets

        return targets(images, patches, size, eps)
    return naive.targets(_normalized(images), patches, size, eps)


def _normalized(images: Tensor | Pixels) -> Tensor:
    return images.normalized() if isinstance(images, Pixels) else images
