"""How much do units answer to one class alone? The class selectivity of paper Figure 7."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from mmcnx2.analysis.block_features import reduce_outputs
from mmcnx2.analysis.curves import COLORS
from mmcnx2.analysis.figures import save_figure
from mmcnx2.nn.convnextv2 import ConvNeXtV2

EPS = 1e-12
_BINS = 40


def selectivity_index(class_means: Tensor) -> Tensor:
    """Return each unit's class-selectivity index, ``(C,)``, between 0 and 1.

    ``(mu_max - mu_rest) / (mu_max + mu_rest + eps)``: mu_max is the unit's mean activity for the
    class that excites it most, mu_rest the mean of its activities for the other classes (Morcos et
    al., On the importance of single directions for generalization, ICLR 2018). 0: all classes
    alike, or a unit that never answers; 1: one class alone.

    Args:
        class_means: ``(classes, C)``, not negative: a unit's mean activity, a row a class.

    Raises:
        ValueError: Fewer than two classes, or a negative activity.
    """
    classes = len(class_means)
    if classes < 2:
        raise ValueError(f'class selectivity compares classes, but there are {classes}.')
    if bool((class_means < 0).any()):
        raise ValueError('class_means are negative somewhere: rectify activities first.')
    largest = class_means.amax(0)
    rest = (class_means.sum(0) - largest).clamp_min(0) / (classes - 1)
    return (largest - rest) / (largest + rest + EPS)


def measure_selectivity(
    net: ConvNeXtV2, batches: Iterable[tuple[Tensor, Sequence[int]]]
) -> list[list[Tensor]]:
    """Measure the class selectivity of every residual block's output channels.

    A unit is a channel of the block's output; its activity for a picture is the mean over space of
    the positive part. Morcos et al. look at units after ReLU, and the index has a meaning for
    activities that are not negative alone; ConvNeXt's residual stream has both signs, and the paper
    does not say what it did about that.

    Args:
        net: The backbone, in evaluation mode, not wrapped.
        batches: Normalized images ``(N, C_in, H, W)`` on the network's device, and their N class
            numbers from 0.

    Returns:
        Float64 ``(C,)`` of each block, a list a stage. Classes without a picture do not count.

    Raises:
        ValueError: If there are pictures of fewer than two classes.
    """
    sums, counts = {}, torch.zeros(0)
    for images, labels in batches:
        labels = torch.as_tensor(labels)
        found = reduce_outputs(net, images, lambda maps: maps.clamp_min(0).mean((2, 3)).double())
        for stage, blocks in enumerate(found):
            for block, activity in enumerate(blocks):
                total = sums.get((stage, block), activity.new_zeros(0, activity.shape[1]))
                total = _with_rows(total, int(labels.max()) + 1)
                sums[stage, block] = total.index_add_(0, labels.to(total.device), activity)
        counts = _with_rows(counts, int(labels.max()) + 1)
        counts += torch.bincount(labels, minlength=len(counts))
    present = counts > 0
    if int(present.sum()) < 2:
        raise ValueError(
            f'class selectivity compares classes, but the pictures are of {int(present.sum())}.'
        )
    seen = counts[present].double().unsqueeze(1)

    def index(stage: int, block: int) -> Tensor:
        return selectivity_index(sums[stage, block].cpu()[present] / seen)

    return [
        [index(stage, block) for block in range(len(blocks))]
        for stage, blocks in enumerate(net.stages)
    ]


def draw_selectivity(
    models: Mapping[str, Sequence[Sequence[Tensor]]], path: str | Path, *, settings: str = ''
) -> None:
    """Draw paper Figure 7: how the units of every block are distributed, a panel a block.

    Args:
        models: Name of the model to the indices of its units, ``(C,)`` a block, a list a stage.
        path: Image file to write; its folder is made.
        settings: What was measured and how, a line or two below the picture.

    Raises:
        ValueError: If there is no model, or models differ in their numbers of blocks.
    """
    if not models:
        raise ValueError('there is no model to draw: give at least one.')
    depths = {name: tuple(map(len, stages)) for name, stages in models.items()}
    if len(set(depths.values())) > 1:
        raise ValueError(
            f'models have blocks {depths}: panels compare block by block, so draw models of one '
            'depth together.'
        )
    titles = [
        f'stage {stage}, block {block}'
        for stage, depth in enumerate(next(iter(depths.values())), 1)
        for block in range(1, depth + 1)
    ]
    columns = math.ceil(math.sqrt(len(titles)))
    rows = -(-len(titles) // columns)
    figure = Figure(figsize=(9.0, 1.5 * rows + 0.9), layout='constrained')
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for axes in grid.flat[len(titles) :]:
        axes.set_axis_off()
    edges = np.linspace(0, 1, _BINS + 1)
    for i, (name, stages) in enumerate(models.items()):
        blocks = [indices for stage in stages for indices in stage]
        for axes, indices in zip(grid.flat, blocks, strict=False):
            share = np.histogram(indices.numpy(), edges)[0] / len(indices) * 100
            color, style = COLORS[i % len(COLORS)], ('-', '--', ':', '-.')[i % 4]
            axes.stairs(share, edges, color=color, linestyle=style, linewidth=1.3,
                        label=None if indices is not blocks[0] else name)  # fmt: skip
            axes.axvline(float(indices.median()), 0, 0.06, color=color, linewidth=2)
    for axes, title in zip(grid.flat, titles, strict=False):
        axes.set_title(title, fontsize=8, pad=2)
        axes.set_xlim(0, 1)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=7)
        axes.spines[['top', 'right']].set_visible(False)
    for column in range(columns):
        lowest = max(i for i in range(len(titles)) if i % columns == column)
        grid.flat[lowest].tick_params(labelbottom=True)
    figure.legend(loc='outside upper left', ncols=min(len(models), 4), frameon=False)
    figure.supylabel('units, %', fontsize=9)
    text = 'class-selectivity index (ticks: medians)'
    figure.supxlabel(f'{text}\n{settings}' if settings else text, fontsize=8)
    save_figure(figure, path)


def _with_rows(x: Tensor, rows: int) -> Tensor:
    """Append rows of zeros until there are as many."""
    missing = max(0, rows - len(x))
    return torch.cat([x, x.new_zeros(missing, *x.shape[1:])]) if missing else x
