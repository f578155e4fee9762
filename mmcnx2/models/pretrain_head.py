"""The loss of FCMAE: mean squared error on the normalised pixels of hidden patches."""

from mmpretrain.models.heads import MAEPretrainHead
from torch import Tensor

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.registry import MODELS


@MODELS.register_module()
class FCMAEPretrainHead(MAEPretrainHead):
    """mmpretrain's MAE head for images of any shape, and the way back to pixels.

    ``loss(pred, images, mask)`` takes mmpretrain's polarity: ``mask`` is 1 at removed patches.

    Args:
        patch_size: Side of a patch in pixels, the encoder's total stride.
        norm_pix: Compare with pixels normalised by their patch's mean and deviation.
        in_channels: Channels of the images.
        loss: Config of the loss module.

    Raises:
        ValueError: A size below 1.
    """

    @check_types
    def __init__(
        self,
        patch_size: int = 32,
        norm_pix: bool = True,
        in_channels: int = 3,
        loss: dict | None = None,
    ):
        check_at_least(1, patch_size=patch_size, in_channels=in_channels)
        loss = loss or dict(type='mmpretrain.PixelReconstructionLoss', criterion='L2')
        super().__init__(
            loss=loss, norm_pix=norm_pix, patch_size=patch_size, in_channels=in_channels
        )

    def patchify(self, images: Tensor) -> Tensor:
        """Cut images ``(N, C, H, W)`` into ``(N, h * w, p * p * C)`` rows, row, column, colour."""
        p = self.patch_size
        patches = images.unflatten(3, (-1, p)).unflatten(2, (-1, p))
        return patches.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)

    def unpatchify(self, rows: Tensor, grid: tuple[int, int]) -> Tensor:
        """Undo :meth:`patchify`.

        Args:
            rows: ``(N, h * w, p * p * C)``.
            grid: ``(h, w)``, patches down and across.
        """
        p = self.patch_size
        patches = rows.unflatten(2, (p, p, -1)).unflatten(1, grid)
        return patches.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)

    def denormalize(self, pred: Tensor, images: Tensor) -> Tensor:
        """Return the predicted images, ``(N, C, H, W)``, in the range of ``images``.

        Args:
            pred: ``(N, h * w, p * p * C)``, the decoder's output.
            images: ``(N, C, H, W)``, the targets. With ``norm_pix`` the model predicts each
                patch's contrast only, so mean and deviation are taken from them.
        """
        if self.norm_pix:
            target = self.patchify(images)
            deviation = (target.var(-1, keepdim=True) + 1e-6).sqrt()
            pred = pred * deviation + target.mean(-1, keepdim=True)
        height, width = images.shape[2:]
        return self.unpatchify(pred, (height // self.patch_size, width // self.patch_size))
