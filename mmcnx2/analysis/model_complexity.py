"""Parameters and multiply-adds of any config's model, counted without computing anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmcnx2.models import FCMAE

PROPOSALS, MASKS = 1000, 100
"""RoIs that a two-stage detector is counted for: boxes of all proposals, masks of the best ones.

The toolboxes' own counts, which papers print, assume as many.
"""


@dataclass(frozen=True)
class Complexity:
    """What a model costs.

    Attributes:
        parameters: Number of parameters of the whole model, auxiliary heads of training included.
        multiply_adds: Multiply-adds of one image through each part in turn, as tests run it;
            pre-training as it
            trains.
    """

    parameters: int
    multiply_adds: dict[str, int]

    @property
    def total(self) -> int:
        """Multiply-adds of all parts: what the paper calls FLOPs."""
        return sum(self.multiply_adds.values())


def measure_complexity(cfg: Config, height: int, width: int) -> Complexity:
    """Count one image of a size through a config's model.

    Convolutions and linear layers count, at one a multiplication; norms, activations, poolings and
    resizing do not. The model lives on the 'meta' device: no memory, no time, no weights.

    Args:
        cfg: Config of a classifier, a detector without a transformer, UPerNet, or FCMAE.
        height: In pixels.
        width: In pixels.

    Raises:
        ValueError: A size below the backbone's stride, or one that pre-training's patches do not
            divide, or a model of another kind.
    """
    model = build_without_memory(cfg)
    channels = cfg.model.backbone.get('in_channels', 3)
    images = torch.empty(1, channels, height, width, device='meta')
    parameters = sum(parameter.numel() for parameter in model.parameters())
    with torch.no_grad():
        return Complexity(parameters, _count(model, images))


def build_without_memory(cfg: Config) -> nn.Module:
    """Build a config's model on the 'meta' device, in evaluation mode.

    Args:
        cfg: With ``model`` and ``default_scope``.
    """
    with DefaultScope.overwrite_default_scope(cfg.default_scope), torch.device('meta'):
        return MODELS.build(cfg.model).eval()


def _stages(roi_head: nn.Module, name: str) -> list[nn.Module]:
    """Return a part of a RoI head for each stage of a cascade, or the only one."""
    part = getattr(roi_head, name)
    return list(part) if isinstance(part, nn.ModuleList) else [part]


def _count(model: nn.Module, images: Tensor) -> dict[str, int]:
    """Run images through a model part by part; returns the multiply-adds of each."""
    counts = {}

    @contextmanager
    def part(name: str) -> Iterator[None]:
        with FlopCounterMode(display=False) as counter:
            yield
        counts[name] = counter.get_total_flops() // 2

    if isinstance(model, FCMAE):
        visible = model.draw_mask(images)
        with part('encoder'):
            (latent,) = model.backbone(images)
        # Every site costs the same, and hidden ones are not computed.
        counts['encoder'] = round(counts['encoder'] * visible.float().mean().item())
        with part('decoder'):
            model.neck(latent, visible.to(images.device))
        return counts
    with part('backbone'):
        features = model.backbone(images)
    if getattr(model, 'neck', None) is not None:
        with part('neck'):
            features = model.neck(features)
    if getattr(model, 'roi_head', None) is not None:
        with part('RPN'):
            model.rpn_head(features)
        for name, count in (('bbox', PROPOSALS), ('mask', MASKS)):
            # A cascade has one of each a stage; its mask heads predict in turn, too.
            stages = zip(
                *(_stages(model.roi_head, f'{name}_{kind}') for kind in ('roi_extractor', 'head')),
                strict=True,
            )
            with part(f'{name} head, {count} RoIs'):
                for extractor, head in stages:
                    side = extractor.roi_layers[0].output_size
                    head(torch.empty(count, extractor.out_channels, *side, device='meta'))
        return counts
    heads = (getattr(model, name, None) for name in ('decode_head', 'bbox_head', 'head'))
    head = next(filter(None, heads), None)
    if head is None or hasattr(model, 'encoder') or hasattr(head, 'pixel_decoder'):
        raise ValueError(
            f'cannot count a {type(model).__name__} with {type(head).__name__}: give the config of '
            'a classifier, a detector without a transformer, UPerNet, or FCMAE.'
        )
    with part('head'):
        head(features)
    return counts
