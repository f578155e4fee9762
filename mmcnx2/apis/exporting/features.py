"""Encoders: the map of every stage."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from mmcnx2.apis.exporting.program import Program
from mmcnx2.nn.convnextv2 import ConvNeXtV2


class FeaturesProgram(Program):
    """A model's encoder with the normalization inside, whatever the model does with it.

    Maps are those behind the blocks of a stage, and behind its final norm where the encoder has
    one.

    Args:
        model: With a ``backbone`` of :class:`ConvNeXtV2`.
        dtype: float32 or float16.
    """

    kind = 'features'

    def __init__(self, model: nn.Module, dtype: torch.dtype):
        super().__init__(model, every_stage(model.backbone), dtype)
        self.outputs = tuple(f'stage{i + 1}' for i in range(len(model.backbone.depths)))
        self.original_parts = [every_stage(model.backbone), model.data_preprocessor]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return a map a stage, float32 ``(N, C, H', W')``.

        Args:
            images: uint8 RGB ``(N, H, W, 3)``.
        """
        return tuple(each.float() for each in self.network(self.pixels(images).to(self.dtype)))

    @torch.no_grad()
    def original(self, images: Tensor) -> dict[str, Tensor]:
        """Return the encoder's maps in float32."""
        backbone, _ = self.original_parts
        return dict(zip(self.outputs, backbone(self.pixels(images)), strict=True))


def every_stage(backbone: ConvNeXtV2) -> ConvNeXtV2:
    """Return a copy that gives the map of each stage, not averaged."""
    backbone = deepcopy(backbone).eval()
    backbone.out_indices = tuple(range(len(backbone.depths)))
    backbone.gap_before_final_norm = False
    for i in backbone.out_indices:
        if not hasattr(backbone, f'norm{i}'):
            backbone.add_module(f'norm{i}', nn.Identity())
    return backbone
