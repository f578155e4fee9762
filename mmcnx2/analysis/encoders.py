"""The networks to compare: encoders of any checkpoint, with the pixels that they know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from mmcnx2.analysis.pictures import read_batches
from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints.files import read_checkpoint
from mmcnx2.checkpoints.pretrained import refuse_rivals
from mmcnx2.checkpoints.published import find_file
from mmcnx2.checkpoints.recognize import Recognized, recognize, some_of
from mmcnx2.checkpoints.unwrap import unwrap
from mmcnx2.engine.device import choose_device
from mmcnx2.engine.launch import check_checkpoint, read_config
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.registry import MODELS

IMAGENET = dict(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
"""RGB, 0..255: what every published ConvNeXt was trained with."""


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A backbone and how pictures are made ready for it.

    Attributes:
        name: In legends.
        net: In evaluation mode.
        mean: Mean of the pixels, RGB in 0..255.
        std: Standard deviation of the pixels, RGB in 0..255.
        checkpoint: Where the weights come from.
        dialect: What the checkpoint speaks.
        norm: What a classifier puts between its averaged features and its linear layer, None where
            the weights are no classifier's.
    """

    name: str
    net: ConvNeXtV2
    mean: Sequence[float]
    std: Sequence[float]
    checkpoint: str
    dialect: str
    norm: nn.LayerNorm | None = None

    @property
    def kind(self) -> str:
        """Where the expanded features come from, in words."""
        match type(self.net.stages[0][0].grn).__name__:
            case 'NoneType':
                return 'V1, after GELU'
            case 'GRN' | 'BatchGRN':
                return 'V2, after GRN'
            case rival:
                return f'after {rival}'

    def normalize(self, pictures: Tensor) -> Tensor:
        """Return ``(N, 3, H, W)`` as the network wants it, on its device, in its dtype.

        Args:
            pictures: uint8 ``(N, 3, H, W)``, BGR, of :mod:`.pictures`.
        """
        like = next(self.net.parameters())
        mean, std = (torch.tensor(v).view(3, 1, 1).to(like) for v in (self.mean, self.std))
        return (pictures.flip(1).to(like) - mean) / std

    def read(
        self, paths: Sequence[str], size: int, *, batch_size: int, shorter_side: int
    ) -> Iterator[Tensor]:
        """Yield files as normalized images; arguments as for :func:`.pictures.read_batches`.

        Raises:
            ValueError: A file that is no image, or a size that the stride does not divide.
        """
        stride = self.net.strides[-1]
        if size % stride or size < 1:
            raise ValueError(
                f'{size} px do not divide into the stride of {self.name}: take a multiple of '
                f'{stride}.'
            )
        for batch in read_batches(paths, size, batch_size=batch_size, shorter_side=shorter_side):
            yield self.normalize(batch)


def load_encoder(
    name: str, checkpoint: str, build: str | Config | None = None, *, device: str = 'cpu'
) -> Encoder:
    """Build the encoder of a checkpoint: V1 or V2, pre-trained or supervised, of any library.

    Args:
        name: In legends.
        checkpoint: Path, address or published name.
        build: None reads the size from the checkpoint. A name of ``ARCHS`` does, too, and refuses
            another size. A config (or its path) says how to build the backbone and how its pixels
            are normalized, which a network with blocks of its own needs.
        device: Where the network goes.

    Raises:
        FileNotFoundError: There is no such checkpoint or config.
        ValueError: A checkpoint of no known dialect, of another size, or not for color pictures.
    """
    check_checkpoint(checkpoint)
    if isinstance(build, str) and build not in ARCHS:
        build = read_config(build)
    state = unwrap(read_checkpoint(find_file(checkpoint)))
    pixels = IMAGENET
    if isinstance(build, Config):
        net, dialect, tensors = _from_config(build, state)
        pixels = {key: build.model.get('data_preprocessor', {}).get(key, IMAGENET[key])
                  for key in IMAGENET}  # fmt: skip
    else:
        net, dialect, tensors = _from_weights(recognize(state), build)
    if net.downsample_layers[0][0].in_channels != 3:
        raise ValueError(
            f"'{checkpoint}' takes images of {net.downsample_layers[0][0].in_channels} channels: "
            'pictures have 3.'
        )
    net = net.to(device).eval().requires_grad_(False)
    norm = _classifiers_norm(tensors, net)
    return Encoder(
        name=name, net=net, checkpoint=str(checkpoint), dialect=dialect, norm=norm, **pixels
    )


def load_encoders(models: Sequence[Sequence[str]], device: str | None = None) -> list[Encoder]:
    """Load what :func:`.add_model_argument` took.

    Args:
        models: Two or three words each: name, how to build it if there are three, checkpoint.
        device: Where the networks go; None takes what there is.

    Raises:
        ValueError: Another number of words, a name given twice, or a device that is not there.
            Others: see :func:`load_encoder`.
    """
    for words in models:
        if len(words) not in (2, 3):
            raise ValueError(
                f'--model {" ".join(words)} has {len(words)} words: give NAME CHECKPOINT or NAME '
                'CONFIG CHECKPOINT.'
            )
    names = [words[0] for words in models]
    if len(set(names)) < len(names):
        raise ValueError(f'models are called {", ".join(names)}: give each a name of its own.')
    target = str(choose_device(device))
    return [
        load_encoder(words[0], words[-1], words[1] if len(words) == 3 else None, device=target)
        for words in models
    ]


def _from_config(
    cfg: Config, state: Mapping[str, Tensor]
) -> tuple[ConvNeXtV2, str, dict[str, Tensor]]:
    backbone = Config(cfg.model.backbone.to_dict())
    backbone.pop('init_cfg', None)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain')):
        net = MODELS.build(backbone)
    own = _below_backbone(state)
    # Blocks of an ablation are no dialect, but their own names fit.
    if {name for name in net.state_dict() if not _is_norm(name)} <= own.keys():
        _load(net, own)
        return net, 'mmcnx2 and mmpretrain', own
    found = recognize(state)
    own = _below_backbone(found.tensors)
    _load(net, own)
    return net, found.dialect.title, own


def _from_weights(found: Recognized, arch: str | None) -> tuple[ConvNeXtV2, str, dict[str, Tensor]]:
    size = found.architecture
    if arch and size.size != arch:
        raise ValueError(f'the checkpoint holds {size}, which is not {arch}.')
    refuse_rivals(found)
    net = ConvNeXtV2(**size.backbone_arguments(), final_norm=False)
    own = _below_backbone(found.tensors)
    _load(net, own)
    return net, found.dialect.title, own


def _classifiers_norm(tensors: Mapping[str, Tensor], net: ConvNeXtV2) -> nn.LayerNorm | None:
    """Return the norm of weights that have it behind the last stage alone, as classifiers do."""
    last = len(net.stages) - 1
    if {name.partition('.')[0] for name in tensors if _is_norm(name)} != {f'norm{last}'}:
        return None
    norm = nn.LayerNorm(net.channels[last], eps=1e-6).to(next(net.parameters()).device)
    norm.load_state_dict({each: tensors[f'norm{last}.{each}'] for each in ('weight', 'bias')})
    return norm.requires_grad_(False)


def _below_backbone(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = 'backbone.'
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def _is_norm(name: str) -> bool:
    return name.startswith('norm')  # a final one, which no block reads


def _load(net: ConvNeXtV2, tensors: Mapping[str, Tensor]) -> None:
    """Load every parameter of stem, downsamples and blocks."""
    names = {name for name in net.state_dict() if not _is_norm(name)}
    if missing := sorted(names - tensors.keys()):
        raise ValueError(
            f'the checkpoint has nothing for {some_of(missing)}: give the config that it was '
            'trained with, or none.'
        )
    net.load_state_dict({name: tensors[name] for name in names}, strict=False)
