"""Fully convolutional masked autoencoder (paper section 3): mask, encode, decode, compare."""

from torch import Tensor, nn

from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.nn.decoder import FCMAEDecoder
from mmcnx2.nn.masking import RandomMasking, indices_of
from mmcnx2.nn.ops.choice import PACKED, choose_ops_for
from mmcnx2.nn.ops.pixels import Pixels
from mmcnx2.nn.ops.transforms import needs_plain_torch
from mmcnx2.nn.plain import is_plain
from mmcnx2.nn.pretrain_head import FCMAEPretrainHead


class MaskedAutoencoding:
    """The method, for a module that has its parts.

    The parts bear OpenMMLab's names, so that one checkpoint fits every class that mixes this in.

    Attributes:
        masking: Draws what is visible, :class:`RandomMasking`.
        backbone: The encoder, :class:`ConvNeXtV2` without a final norm.
        neck: The decoder, :class:`FCMAEDecoder`.
        head: Says what is predicted, :class:`FCMAEPretrainHead`.
    """

    def reconstruction_loss(self, images: Tensor | Pixels, visible: Tensor | None = None) -> Tensor:
        """Hide most of the images, predict what is hidden, and return how wrong that is.

        Args:
            images: ``(N, C, H, W)``, normalized, or pixels, which are; the encoder's stride
                divides H and W.
            visible: Bool ``(N, h, w)``, True where the encoder may look; None draws one.

        Returns:
            A scalar: see :meth:`compare`. Visible patches are neither predicted nor compared.
        """
        if visible is None:
            visible = self.draw_mask(images)
        if isinstance(images, Pixels) and not self.takes_pixels(images):
            images = images.normalized()
        if needs_plain_torch(images):
            return self._loss_under_any_mask(images, visible)
        hidden = indices_of(~visible, images.device)
        return self.compare(self.predict_patches(images, visible, hidden), images, hidden)

    def takes_pixels(self, images: Tensor | Pixels) -> bool:
        """Return whether kernels normalize the pixels that are wanted, and no others."""
        net = self.backbone
        stem = net.downsample_layers[0]
        own = type(self).predict_patches is MaskedAutoencoding.predict_patches
        plain = is_plain(stem[0], nn.Conv2d) and is_plain(self.head, FCMAEPretrainHead)
        chosen = choose_ops_for(net.ops, images, PACKED)
        return chosen == 'triton' and net.layout == 'packed' and own and plain

    def draw_mask(self, images: Tensor) -> Tensor:
        """Draw ``visible``, bool ``(N, h, w)`` on the CPU, True where the encoder may look."""
        n, _, height, width = images.shape
        stride = self.backbone.strides[-1]
        return self.masking(n, height // stride, width // stride)

    def predict_patches(
        self, images: Tensor, visible: Tensor, chosen: Tensor | None = None
    ) -> Tensor:
        """Encode what is visible, and decode patches from it.

        Args:
            images: ``(N, C, H, W)``, normalized.
            visible: Bool ``(N, h, w)``, True where the encoder may look.
            chosen: Int64 ``(K,)``, numbers of the patches to decode over ``N * h * w``; None for
                all, the visible ones too.

        Returns:
            The decoder's rows, ``(N, h * w, p * p * C)``, or ``(K, p * p * C)`` of chosen ones.
        """
        latent = self.backbone(images, visible)
        return self.neck(latent, visible, chosen)

    def compare(self, pred: Tensor, images: Tensor, hidden: Tensor) -> Tensor:
        """Return the mean squared error of the hidden patches, over all images alike.

        Args:
            pred: ``(K, p * p * C)``, the decoder's rows of hidden patches.
            images: ``(N, C, H, W)``, normalized.
            hidden: Int64 ``(K,)``, numbers of those patches over ``N * h * w``.
        """
        # Pixels are what kernels take.
        given = dict(ops='triton') if isinstance(images, Pixels) else {}
        return (pred - self.head(images, hidden, **given)).square().mean()

    def _loss_under_any_mask(self, images: Tensor, visible: Tensor) -> Tensor:
        """Return the loss without reading the mask, whose entries count as weights of patches."""
        errors = (self.predict_patches(images, visible) - self.head(images)).square().mean(-1)
        hidden = (~visible).flatten(1).to(errors)
        return (errors * hidden).sum() / hidden.sum()


class FCMAE(MaskedAutoencoding, nn.Module):
    """Pre-train a ConvNeXt V2 by predicting the pixels of hidden patches.

    ``FCMAE('atto', in_channels=5)(images)`` is the loss. ``model.backbone.state_dict()`` is what
    comes out: it loads into a :class:`ConvNeXtV2` of the same ``arch``.

    Args:
        arch: Size of the encoder, as for :class:`ConvNeXtV2`.
        in_channels: Channels of the images.
        mask_ratio: Share of hidden patches, between 0 and 1.
        norm_pix: Predict pixels normalized by their patch's mean and deviation.
        embed_dims: Width of the decoder.
        depth: Blocks of the decoder.
        options: Options of the encoder, such as ``layout``, ``ops`` or ``stem_patch_size``; those
            that say
            how a block is made hold for the decoder, too.

    Raises:
        ValueError: An option out of range; see :class:`ConvNeXtV2` and :class:`FCMAEDecoder`.
    """

    def __init__(
        self,
        arch: str | dict = 'tiny',
        *,
        in_channels: int = 3,
        mask_ratio: float = 0.6,
        norm_pix: bool = True,
        embed_dims: int = 512,
        depth: int = 1,
        **options,
    ):
        super().__init__()
        self.backbone = ConvNeXtV2(arch, in_channels=in_channels, final_norm=False, **options)
        patch_size = self.backbone.strides[-1]
        self.neck = FCMAEDecoder(
            self.backbone.channels[-1],
            embed_dims=embed_dims,
            depth=depth,
            patch_size=patch_size,
            out_channels=in_channels,
            **{name: options[name] for name in SHARED if name in options},
        )
        self.head = FCMAEPretrainHead(patch_size, norm_pix)
        self.masking = RandomMasking(mask_ratio)

    def forward(self, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """Return the loss; arguments as for :meth:`reconstruction_loss`."""
        return self.reconstruction_loss(images, visible)


SHARED = ('ops', 'use_grn', 'grn_scope', 'response')
"""Options that encoder and decoder take alike."""
