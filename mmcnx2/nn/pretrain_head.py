"""What FCMAE's predictions are compared with: the pixels of each patch, normalized."""

from torch import Tensor, nn

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.nn.ops.pixels import Pixels, hidden_targets
from mmcnx2.nn.ops.pixels.naive import standardize
from mmcnx2.nn.patches import patchify, unpatchify

EPS = 1e-6
"""Added to a patch's variance, as in MAE and the official code."""


class FCMAEPretrainHead(nn.Module):
    """From images to the decoder's targets, and from its predictions back to pixels.

    Args:
        patch_size: Side of a patch in pixels, the encoder's total stride.
        norm_pix: Normalize each patch by its own mean and (unbiased) deviation over pixels and
            channels.

    Raises:
        ValueError: A ``patch_size`` below 1.
    """

    @check_types
    def __init__(self, patch_size: int = 32, norm_pix: bool = True):
        super().__init__()
        check_at_least(1, patch_size=patch_size)
        self.patch_size = patch_size
        self.norm_pix = norm_pix

    def forward(
        self, images: Tensor | Pixels, chosen: Tensor | None = None, *, ops: str = 'torch'
    ) -> Tensor:
        """Return the targets of patches.

        Args:
            images: ``(N, C, H, W)``; the patch divides H and W. Pixels only with ``chosen``.
            chosen: Int64 ``(K,)``, numbers of the patches over ``N * h * w``; None for all.
            ops: Kernels for chosen ones, as for :func:`.hidden_targets`.

        Returns:
            ``(N, h * w, p * p * C)``, or ``(K, p * p * C)`` of chosen ones; the last axis runs over
            row, column, channel of a patch.
        """
        eps = EPS if self.norm_pix else None
        if chosen is None:
            return standardize(patchify(images, self.patch_size), eps)
        return hidden_targets(images, chosen, self.patch_size, eps, ops=ops)

    def denormalize(self, pred: Tensor, images: Tensor) -> Tensor:
        """Return the predicted images, ``(N, C, H, W)``, in the range of ``images``.

        Args:
            pred: ``(N, h * w, p * p * C)``, the decoder's output.
            images: ``(N, C, H, W)``, the targets. With ``norm_pix`` the model predicts each
                patch's contrast only, so mean and deviation are taken from them.
        """
        if self.norm_pix:
            patches = patchify(images, self.patch_size)
            deviation = (patches.var(-1, keepdim=True) + EPS).sqrt()
            pred = pred * deviation + patches.mean(-1, keepdim=True)
        height, width = images.shape[2:]
        return unpatchify(
            pred, (height // self.patch_size, width // self.patch_size), self.patch_size
        )
