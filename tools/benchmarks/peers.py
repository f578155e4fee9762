"""The other implementations that the benchmarks compare with, built at any of our sizes."""

from torch import nn

from mmcnx2.archs import ARCHS
from mmcnx2.nn.patches import upsample


def timm_convnextv2(arch: str) -> nn.Module:
    """timm's ConvNeXt V2 without its head; returns ``(N, C)``."""
    import timm

    return timm.create_model(f'convnextv2_{arch}', num_classes=0)


def mmpretrain_convnext(arch: str) -> nn.Module:
    """mmpretrain's ConvNeXt with GRN; returns a tuple of ``(N, C)``."""
    from mmpretrain.models import ConvNeXt

    return ConvNeXt(arch=dict(ARCHS[arch]), use_grn=True, layer_scale_init_value=0.0)


def spark_encoder(arch: str) -> nn.Module:
    """mmpretrain's masked-dense encoder for SparK, with GRN, called as ``(images, visible)``.

    It computes GRN over hidden sites, too, so its numbers are not FCMAE's; its work is.
    """
    from mmpretrain.models.backbones.sparse_convnext import SparseConvNeXt
    from mmpretrain.models.utils.sparse_modules import SparseHelper

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = SparseConvNeXt(
                arch=dict(ARCHS[arch]),
                use_grn=True,
                layer_scale_init_value=0.0,
                gap_before_output=False,
                out_indices=3,
            )

        def forward(self, images, visible):
            SparseHelper._cur_active = visible.unsqueeze(1).to(images.device, images.dtype)
            return self.net(images * self._pixels(visible, images))[-1]

        @staticmethod
        def _pixels(visible, images):
            side = images.shape[-1] // visible.shape[-1]
            seen = upsample(visible.to(images.device), side)
            return seen.unsqueeze(1)

    return Encoder()
