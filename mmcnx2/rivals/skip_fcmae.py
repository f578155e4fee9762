"""FCMAE whose decoder sees every stage of the encoder (paper Table 1a, UNet with skips)."""

from torch import Tensor

from mmcnx2.models.fcmae import FCMAE
from mmcnx2.registry import MODELS


@MODELS.register_module()
class SkipFCMAE(FCMAE):
    """:class:`FCMAE` for a :class:`SkipUNetDecoder`. Arguments are those of :class:`FCMAE`."""

    def predict_patches(
        self, images: Tensor, visible: Tensor, chosen: Tensor | None = None
    ) -> Tensor:
        """Encode and decode; see :meth:`FCMAE.predict_patches`."""
        layouts = self.backbone.plan(images, visible)
        features = self.backbone.encode(images, layouts)
        maps = [layout.to_maps(x) for layout, x in zip(layouts, features, strict=True)]
        return self.neck(maps, visible, chosen)
