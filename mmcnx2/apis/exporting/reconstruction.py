"""FCMAE: pictures and what is visible of them go in, whole pictures come out."""

from copy import deepcopy

import torch
from torch import Tensor
from torch.export import Dim

from mmcnx2.apis.exporting.program import Program
from mmcnx2.models.fcmae import FCMAE


class ReconstructionProgram(Program):
    """A pre-trained encoder and decoder.

    The masked layout computes: any number of patches may be visible, another one in each picture.

    Args:
        model: mmcnx2's ``FCMAE``.
        dtype: float32 or float16.
    """

    kind = 'reconstruction'
    outputs = ('reconstruction',)

    def __init__(self, model: FCMAE, dtype: torch.dtype):
        network = deepcopy(model)
        network.backbone.layout = 'masked'
        super().__init__(model, network, dtype)
        self.multiple = model.patch_size
        self.original_model = [model]  # in a list: it is no part of the network

    def forward(self, images: Tensor, visible: Tensor) -> tuple[Tensor, ...]:
        """Return pictures with hidden patches filled in, float32 RGB 0..255 ``(N, H, W, 3)``.

        Args:
            images: uint8 RGB ``(N, H, W, 3)``; the patch divides H and W.
            visible: bool ``(N, H / patch, W / patch)``, True where the encoder may look.
        """
        x = self.pixels(images)
        network = self.network
        rows = network.predict_patches(x.to(self.dtype), visible).float()
        patches = network.head.denormalize(rows, x)
        seen = visible.repeat_interleave(self.multiple, 1).repeat_interleave(self.multiple, 2)
        filled = torch.where(seen[:, None], x, patches)
        pixels = (filled * self.pixels.std + self.pixels.mean).clamp(0, 255)
        pixels = pixels.flip(1) if self.pixels.takes_bgr else pixels
        return (pixels.permute(0, 2, 3, 1),)

    @torch.no_grad()
    def original(self, images: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """Return what FCMAE reconstructs."""
        (model,) = self.original_model
        x = self.pixels(images)
        pixels = model.reconstruct(x, visible).reconstruction
        pixels = pixels.flip(1) if self.pixels.takes_bgr else pixels
        return dict(reconstruction=pixels.permute(0, 2, 3, 1))

    @property
    def input_names(self) -> tuple[str, ...]:
        """Pictures and masks."""
        return ('images', 'visible')

    def inputs(self, images: Tensor, *, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Return pictures and masks of the ratio that was trained."""
        n, height, width, _ = images.shape
        h, w = height // self.multiple, width // self.multiple
        (model,) = self.original_model
        count = model.masking.num_visible(h * w)
        order = torch.rand(n, h * w, generator=generator).argsort(1)
        return images, (order < count).view(n, h, w)

    def example(self) -> tuple[Tensor, ...]:
        """Return pictures and masks."""
        return self.inputs(*super().example(), generator=torch.Generator().manual_seed(0))

    def dynamic_shapes(self) -> tuple[dict, ...]:
        """Return free sizes, of which the masks' follow the pictures'."""
        rows, columns = (Dim(name, min=2) for name in ('patch_rows', 'patch_columns'))
        batch = Dim('batch')
        return (
            {0: batch, 1: self.multiple * rows, 2: self.multiple * columns},
            {0: batch, 1: rows, 2: columns},
        )
