"""FCMAE without sparse convolution (paper section 3.1: 79.3 % instead of 83.7 %)."""

from torch import Tensor

from mmcnx2.models.fcmae import FCMAE
from mmcnx2.nn.masking import hand_over
from mmcnx2.nn.patches import upsample
from mmcnx2.registry import MODELS


@MODELS.register_module()
class DenseFCMAE(FCMAE):
    """:class:`FCMAE` whose encoder computes all of an image in which hidden pixels are gray.

    It sees where the holes are, and its features leak into and out of them, which fine-tuning never
    shows it. The decoder still has the token at hidden patches. Arguments are those of
    :class:`FCMAE`; the backbone's ``layout`` is not used.
    """

    def predict_patches(
        self, images: Tensor, visible: Tensor, chosen: Tensor | None = None
    ) -> Tensor:
        """Encode and decode; see :meth:`FCMAE.predict_patches`."""
        hidden = ~upsample(hand_over(visible, images.device), self.patch_size)
        # 0 is the data set's mean color: images are normalized.
        latent = self.backbone(images.masked_fill(hidden.unsqueeze(1), 0))[-1]
        return self.neck(latent, visible, chosen)
