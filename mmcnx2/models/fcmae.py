"""FCMAE as OpenMMLab's configs build it, and what it makes of pictures."""

from dataclasses import dataclass

import torch
from mmpretrain.models.selfsup import BaseSelfSupervisor
from mmpretrain.structures import DataSample
from torch import Tensor

from mmcnx2.checks import check_types
from mmcnx2.models.references import log_numbers, resolve
from mmcnx2.nn.fcmae import MaskedAutoencoding
from mmcnx2.nn.masking import RandomMasking
from mmcnx2.nn.ops.choice import PACKED, choose_ops
from mmcnx2.nn.ops.pixels import Pixels
from mmcnx2.nn.patches import upsample
from mmcnx2.registry import MODELS


@dataclass(frozen=True)
class Reconstruction:
    """What FCMAE saw and what it made of it.

    Images are float ``(N, C, H, W)`` in the units of the files, RGB in 0..255 for color of 8 bits.

    Attributes:
        visible: Bool ``(N, h, w)``, True where the encoder looked.
        image: The input.
        masked: The input with hidden patches in gray, or at the mean of each channel where the
            files are not of 8 bits.
        reconstruction: The input with hidden patches as predicted.
        prediction: All patches as predicted; visible ones are not trained and look it.
    """

    visible: Tensor
    image: Tensor
    masked: Tensor
    reconstruction: Tensor
    prediction: Tensor


@MODELS.register_module()
class FCMAE(MaskedAutoencoding, BaseSelfSupervisor):
    """Pre-train a ConvNeXt V2 by predicting the pixels of hidden patches.

    The method is :class:`mmcnx2.nn.fcmae.MaskedAutoencoding`.

    Args:
        backbone: Config of the encoder, :class:`ConvNeXtV2` with ``final_norm=False``.
        neck: Config of the decoder, :class:`FCMAEDecoder`. It and the head may name numbers of the
            backbone, such as ``'backbone.stride'``: see :mod:`.references`.
        head: Config of what is predicted, :class:`FCMAEPretrainHead`.
        masking: Config of the mask generator; default random, ratio 0.6.
        data_preprocessor: Config of the normalization, mmcnx2's ``SelfSupDataPreprocessor``.
        init_cfg: mmengine's initialization config.

    Raises:
        ValueError: The decoder's or the head's patch is not the encoder's stride, or
            they name what the backbone does not say.
    """

    @check_types
    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        masking: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        parts, numbers = resolve(dict(neck=neck, head=head), backbone=backbone)
        log_numbers(self, numbers)
        preprocessor = {'type': 'mmcnx2.SelfSupDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(
            backbone=backbone,
            **parts,
            data_preprocessor=preprocessor,
            init_cfg=init_cfg,
        )
        self.masking = MODELS.build(masking) if masking else RandomMasking()
        self.patch_size = self.backbone.strides[-1]
        # Those of other devices come back as images: see takes_pixels.
        ops = getattr(self.backbone, 'ops', 'torch')  # of a backbone of somebody else
        kernels = choose_ops(ops, torch.device('cuda'), PACKED)
        self.data_preprocessor.keeps_pixels = kernels == 'triton'
        if self.head.patch_size != self.patch_size:
            raise ValueError(
                f"head.patch_size={self.head.patch_size} differs from the encoder's stride "
                f'{self.patch_size}: masks come in whole patches of that stride, so set it to that.'
            )

    def loss(self, inputs: Tensor | Pixels, data_samples: list[DataSample] | None = None) -> dict:
        """Return ``dict(loss=...)``, the error on the hidden patches of freshly masked images.

        Args:
            inputs: ``(N, C, H, W)``, normalized, or pixels, which are.
            data_samples: Unused; there are no labels.
        """
        return dict(loss=self.reconstruction_loss(inputs))

    def forward(self, inputs: Tensor, data_samples=None, mode: str = 'tensor'):
        """Run as mmengine asks: 'loss', 'predict' or 'tensor' (dense features)."""
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        return super().forward(inputs, data_samples, mode)

    def predict(
        self, inputs: Tensor, data_samples: list[DataSample] | None = None
    ) -> list[DataSample]:
        """Return one sample an image with ``reconstruction``, ``masked`` and ``visible`` set.

        The dtype of the files is not known here, so what is predicted may go beyond it.

        Args:
            inputs: ``(N, C, H, W)``, normalized.
            data_samples: Samples to fill in, or None for new ones.
        """
        result = self.reconstruct(inputs, dtype=None)
        data_samples = data_samples or [DataSample() for _ in inputs]
        for i, sample in enumerate(data_samples):
            for name in ('reconstruction', 'masked', 'visible'):
                sample.set_field(getattr(result, name)[i], name)
        return data_samples

    @torch.no_grad()
    def reconstruct(
        self,
        images: Tensor,
        visible: Tensor | None = None,
        *,
        dtype: torch.dtype | None = torch.uint8,
    ) -> Reconstruction:
        """Fill in hidden patches.

        Args:
            images: ``(N, C, H, W)``, normalized by the data preprocessor.
            visible: Bool ``(N, h, w)``, True where the encoder may look; None draws one.
            dtype: Of the pixels in the files: what is predicted ends where whole numbers of it do.
        """
        if visible is None:
            visible = self.draw_mask(images)
        pred = self.predict_patches(images, visible)
        pixels = self.to_pixels(images, dtype)
        prediction = self.to_pixels(self.head.denormalize(pred.to(images.dtype), images), dtype)
        seen = upsample(visible.to(images.device), self.patch_size).unsqueeze(1)
        # A normalized 0 is the mean.
        hidden = 127.5 if dtype == torch.uint8 else self.to_pixels(torch.zeros_like(images), dtype)
        return Reconstruction(
            visible=visible,
            image=pixels,
            masked=torch.where(seen, pixels, hidden),
            reconstruction=torch.where(seen, pixels, prediction),
            prediction=prediction,
        )

    def to_pixels(self, images: Tensor, dtype: torch.dtype | None = torch.uint8) -> Tensor:
        """Undo the data preprocessor's normalization.

        Args:
            images: ``(N, C, H, W)``, normalized.
            dtype: Where whole numbers of it end, the result does; None and floats have no end.
        """
        processor = self.data_preprocessor
        if getattr(processor, '_enable_normalize', False):
            images = images * processor.std + processor.mean
        if dtype is None or dtype.is_floating_point:
            return images
        limits = torch.iinfo(dtype)
        return images.clamp(limits.min, limits.max)
