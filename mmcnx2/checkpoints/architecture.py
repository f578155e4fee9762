"""The size of a ConvNeXt, read from its parameters, and the shapes that follow from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mmcnx2.archs import ARCHS

_BLOCK = re.compile(r'backbone\.stages\.(\d+)\.(\d+)\.')
_DECODER_BLOCK = re.compile(r'neck\.blocks\.(\d+)\.')
_NORM = re.compile(r'backbone\.norm(\d+)\.')


@dataclass(frozen=True)
class Architecture:
    """What the shapes of a checkpoint's tensors follow from.

    Attributes:
        depths: Blocks of each stage.
        channels: Channels of each stage.
        in_channels: Channels of the images.
        stem_patch_size: Kernel and stride of the stem in pixels.
        use_grn: GRN in the blocks (V2).
        layer_scale: LayerScale in the blocks (V1).
        norms: Stages whose output is normalized; a classifier has the last, a pre-training none.
        decoder_depth: Blocks of FCMAE's decoder, 0 without decoder.
        decoder_dims: Width of the decoder, 0 without decoder.
        num_classes: Number of classes of the head, 0 without head.
    """

    depths: tuple[int, ...]
    channels: tuple[int, ...]
    in_channels: int
    stem_patch_size: int
    use_grn: bool
    layer_scale: bool
    norms: tuple[int, ...]
    decoder_depth: int
    decoder_dims: int
    num_classes: int

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> 'Architecture':
        """Read the size of a model.

        Args:
            tensors: The whole model's in this package's names (``backbone.``, ``neck.``,
                ``head.fc.``), up to axes of length one.

        Raises:
            KeyError: A tensor that everything hangs on is missing.
        """
        blocks = {(int(i), int(j)) for i, j in _found(_BLOCK, tensors)}
        stages = max(i for i, _ in blocks) + 1
        stem = tensors['backbone.downsample_layers.0.0.weight']
        decoder = {int(j) for (j,) in _found(_DECODER_BLOCK, tensors)}
        token = tensors.get('neck.mask_token')
        head = tensors.get('head.fc.weight')
        return cls(
            depths=tuple(
                1 + max((j for i, j in blocks if i == s), default=-1) for s in range(stages)
            ),
            channels=tuple(
                tensors[f'backbone.stages.{s}.0.depthwise_conv.weight'].shape[0]
                for s in range(stages)
            ),
            in_channels=stem.shape[1],
            stem_patch_size=stem.shape[-1],
            use_grn='backbone.stages.0.0.grn.gamma' in tensors,
            layer_scale='backbone.stages.0.0.gamma' in tensors,
            norms=tuple(sorted({int(i) for (i,) in _found(_NORM, tensors)})),
            decoder_depth=1 + max(decoder, default=-1),
            decoder_dims=0 if token is None else token.numel(),
            num_classes=0 if head is None else head.shape[0],
        )

    @property
    def size(self) -> str | None:
        """The paper's name of depths and channels, a key of ``ARCHS``, None for others."""
        sizes = dict(depths=self.depths, channels=self.channels)
        return next((name for name, arch in ARCHS.items() if arch == sizes), None)

    @property
    def version(self) -> str:
        """'V2' with GRN, 'V1' with LayerScale and without GRN, '' for other blocks."""
        return 'V2' if self.use_grn else 'V1' if self.layer_scale else ''

    def backbone_arguments(self) -> dict[str, Any]:
        """Return what ``ConvNeXtV2`` must be built with for these weights to fit."""
        return dict(
            arch=self.size or dict(depths=self.depths, channels=self.channels),
            in_channels=self.in_channels,
            stem_patch_size=self.stem_patch_size,
            use_grn=self.use_grn,
            # The value is V1's initial one; what was learned is in the weights.
            layer_scale_init_value=1e-6 if self.layer_scale else 0.0,
        )

    @property
    def gives_maps(self) -> bool:
        """Whether other stages than the last are normalized, as for detection, say."""
        return not set(self.norms) <= {len(self.depths) - 1}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return every parameter's shape by name, in this package's names of the whole model."""
        channels, p = self.channels, self.stem_patch_size
        shapes = {}
        for i, width in enumerate(channels):
            name = f'backbone.downsample_layers.{i}'
            if i == 0:
                shapes |= _affine(f'{name}.0', width, self.in_channels, p, p)
                shapes |= _affine(f'{name}.1', width)
            else:
                shapes |= _affine(f'{name}.0', channels[i - 1])
                shapes |= _affine(f'{name}.1', width, channels[i - 1], 2, 2)
            for j in range(self.depths[i]):
                shapes |= self._block(f'backbone.stages.{i}.{j}', width)
        for i in self.norms:
            shapes |= _affine(f'backbone.norm{i}', channels[i])
        if self.decoder_dims:
            shapes |= _affine('neck.proj', self.decoder_dims, channels[-1])
            shapes['neck.mask_token'] = (self.decoder_dims,)
            for j in range(self.decoder_depth):
                shapes |= self._block(f'neck.blocks.{j}', self.decoder_dims)
            pixels = (p * 2 ** (len(channels) - 1)) ** 2
            shapes |= _affine('neck.pred', pixels * self.in_channels, self.decoder_dims)
        if self.num_classes:
            shapes |= _affine('head.fc', self.num_classes, channels[-1])
        return shapes

    def _block(self, name: str, width: int) -> dict[str, tuple[int, ...]]:
        shapes = _affine(f'{name}.depthwise_conv', width, 1, 7, 7)
        shapes |= _affine(f'{name}.norm', width)
        shapes |= _affine(f'{name}.pointwise_conv1', 4 * width, width)
        if self.use_grn:
            shapes |= {f'{name}.grn.gamma': (4 * width,), f'{name}.grn.beta': (4 * width,)}
        shapes |= _affine(f'{name}.pointwise_conv2', width, 4 * width)
        if self.layer_scale and name.startswith('backbone.'):
            shapes[f'{name}.gamma'] = (width,)
        return shapes

    def __str__(self) -> str:
        parts = ['encoder']
        if self.decoder_dims:
            parts.append(f'decoder of {self.decoder_depth} x {self.decoder_dims}')
        if self.num_classes:
            parts.append(f'head of {self.num_classes} classes')
        depths = '-'.join(map(str, self.depths))
        channels = '-'.join(map(str, self.channels))
        return f'{", ".join(parts)}; depths {depths}, channels {channels}'


def _affine(name: str, width: int, *fan_in: int) -> dict[str, tuple[int, ...]]:
    return {f'{name}.weight': (width, *fan_in), f'{name}.bias': (width,)}


def _found(pattern: re.Pattern, tensors: Mapping[str, Tensor]) -> list[tuple[str, ...]]:
    return [match.groups() for name in tensors if (match := pattern.match(name))]
