"""What single channels of a block answer to a picture: paper Figure 3."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from mmcnx2.analysis.block_features import reduce_expanded
from mmcnx2.analysis.figures import save_figure
from mmcnx2.nn.convnextv2 import ConvNeXtV2

_SIDE = 8  # channels along one side of a panel


def expanded_maps(
    net: ConvNeXtV2, image: Tensor, *, stage: int, block: int, channels: Sequence[int] | None = None
) -> Tensor:
    """Return some expanded (4C) maps of a block, ``(n, H', W')``: after GELU in V1, GRN in V2.

    Args:
        net: The backbone, in evaluation mode.
        image: ``(1, 3, H, W)``, normalized.
        stage: From 1.
        block: In its stage, from 1, or negative from the end.
        channels: Their numbers, from 0; None takes 64 at equal distances, :func:`spread_channels`.

    Raises:
        ValueError: If there is no such stage, block or channel.
    """
    if not 1 <= stage <= len(net.stages):
        raise ValueError(f'stage {stage} does not exist: take one of 1 to {len(net.stages)}.')
    depth = len(net.stages[stage - 1])
    if not (1 <= block <= depth or -depth <= block <= -1):
        raise ValueError(
            f'stage {stage} has no block {block}: take one of 1 to {depth}, or -1 for the last.'
        )
    width = 4 * net.channels[stage - 1]
    channels = spread_channels(width) if channels is None else list(channels)
    if wrong := [c for c in channels if not 0 <= c < width]:
        raise ValueError(f'channel {wrong[0]} does not exist: take 0 to {width - 1}.')
    # Keeping the chosen maps of every block costs little: 64 channels of one image.
    kept = reduce_expanded(net, image, lambda maps: maps[0, _within(channels, maps)].cpu())
    return kept[stage - 1][block - 1 if block > 0 else block]


def spread_channels(width: int, count: int = _SIDE**2) -> list[int]:
    """Return the numbers of ``count`` channels of ``width`` at equal distances, all if fewer."""
    return [i * width // count for i in range(count)] if count < width else list(range(width))


def draw_activation_maps(
    panels: Mapping[str, Tensor],
    path: str | Path,
    *,
    picture: np.ndarray | None = None,
    settings: str = '',
) -> None:
    """Draw paper Figure 3: a panel of small squares a model, a square a channel.

    The squares of a panel share one color scale, from the 1st to the 99th percentile of what is
    drawn, so a dead channel is plain and dark and a saturated one plain and bright. Models have
    scales of their own, because their features have no common unit.

    Args:
        panels: Name of the model to maps ``(n, H, W)``, at most 64.
        path: Image file to write; its folder is made.
        picture: What the network saw, uint8 RGB ``(H, W, 3)``, drawn at the left.
        settings: What was drawn and how, a line or two below the picture.

    Raises:
        ValueError: If there is no panel, or one has no map or more than 64.
    """
    if not panels:
        raise ValueError('there is no model to draw: give at least one.')
    for name, maps in panels.items():
        if not 1 <= len(maps) <= _SIDE**2:
            raise ValueError(f'{name} has {len(maps)} maps: a panel holds 1 to {_SIDE**2}.')
    count = len(panels) + (picture is not None)
    widths = ([0.55] if picture is not None else []) + [1.0] * len(panels)
    width = 9.0
    panel = width / sum(widths)
    foot = 0.35 if settings else 0.0
    figure = Figure(figsize=(width, 0.86 * panel + 0.42 + foot), layout='constrained')
    axes = figure.subplots(1, count, squeeze=False, width_ratios=widths)[0]
    if picture is not None:
        axes[0].imshow(picture)
        axes[0].set_title('input', fontsize=10)
        axes[0].set_axis_off()
    for one, (name, maps) in zip(axes[len(axes) - len(panels) :], panels.items(), strict=True):
        low, high = np.percentile(maps.float().numpy(), (1, 99))
        shown = one.imshow(
            _tile(maps), cmap='viridis', vmin=low, vmax=max(high, low + 1e-12),
            interpolation='nearest',
        )  # fmt: skip
        one.set_title(name, fontsize=10)
        one.set_axis_off()
        bar = figure.colorbar(shown, ax=one, fraction=0.045, pad=0.02, ticks=[low, high])
        bar.ax.set_yticklabels([f'{low:.2g}', f'{high:.2g}'], fontsize=7)
        bar.outline.set_visible(False)
    if settings:
        figure.supxlabel(settings, fontsize=8, color='#333333')
    save_figure(figure, path)


def _within(channels: Sequence[int], maps: Tensor) -> list[int]:
    """Drop the channels that a narrower block does not have."""
    return [channel for channel in channels if channel < maps.shape[1]]


def _tile(maps: Tensor) -> np.ndarray:
    """Lay maps out in rows of eight, with gaps that are not drawn."""
    n, height, width = maps.shape
    rows = -(-n // _SIDE)
    gap = max(1, round(0.08 * width))
    canvas = torch.full((rows * (height + gap) - gap, _SIDE * (width + gap) - gap), float('nan'))
    for i, one in enumerate(maps.float()):
        top, left = (i // _SIDE) * (height + gap), (i % _SIDE) * (width + gap)
        canvas[top : top + height, left : left + width] = one
    return canvas.numpy()
