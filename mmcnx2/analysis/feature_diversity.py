"""Are the features of a network diverse, or have they collapsed? The measure of paper Figure 4."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from mmcnx2.analysis.block_features import reduce_expanded
from mmcnx2.analysis.curves import COLORS
from mmcnx2.analysis.figures import save_figure
from mmcnx2.nn.convnextv2 import ConvNeXtV2

_MARKERS = 'osD^vP*'


def mean_cosine_distance(maps: Tensor) -> Tensor:
    """Return the mean pairwise cosine distance of each image's channels, ``(N,)`` (Figure 4).

    With X_i channel i as a vector over the sites, this is
    ``1 / C**2 * sum_i sum_j (1 - cos(X_i, X_j)) / 2``, i = j included. Cosines are the entries of
    the Gram matrix of unit vectors, whose sum is the squared norm of the vectors' sum: C vectors
    are added up and no pair is looked at. That sum is not negative, so the distance is at most 1/2.
    It is 0 where all channels point the same way, ``(1 - 1 / C) / 2`` where they are orthogonal.

    The cosine of a channel that is zero at every site is not defined, and the paper does not say
    what to do. Here such a channel adds no diversity: its distance to every channel counts 0. (A
    cosine of 0, which a library's function returns, would make a dead network look diverse.) It
    makes no difference where there is no such channel.

    Args:
        maps: ``(N, C, H, W)``, float32 or wider. Sites that are zero in all channels, as hidden
            ones are, change nothing.
    """
    rows = maps.flatten(2)
    # Scaled to a largest entry of one first: squares of tiny numbers would be lost.
    largest = rows.abs().amax(2, keepdim=True)
    rows = rows / largest.where(largest > 0, 1)
    norm = torch.linalg.vector_norm(rows, dim=2, keepdim=True)
    total = (rows / norm.where(norm > 0, 1)).sum(1)
    alive = (norm > 0).sum((1, 2)).to(maps.dtype)
    channels = maps.shape[1]
    distance = (alive.square() - total.square().sum(1)) / (2 * channels**2)
    return distance.clamp_min(0)  # rounding


def dead_channels(maps: Tensor) -> Tensor:
    """Return the share of each image's channels that are zero at every site, ``(N,)``."""
    return (maps.flatten(2) == 0).all(2).to(maps.dtype).mean(1)


@dataclass(frozen=True)
class Diversity:
    """Of every block of a network, averaged over images.

    Attributes:
        distances: Mean pairwise cosine distance of the expanded features, a list a stage.
        dead: Share of expanded channels that are zero at every site of an image, likewise.
        images: How many were averaged over.
    """

    distances: list[list[float]]
    dead: list[list[float]]
    images: int

    @property
    def curve(self) -> list[float]:
        """Distances of all blocks, from the first to the last."""
        return [value for stage in self.distances for value in stage]

    @property
    def stages(self) -> list[float]:
        """Mean distance of each stage's blocks."""
        return [sum(stage) / len(stage) for stage in self.distances]


def measure_diversity(net: ConvNeXtV2, batches, *, visible: Tensor | None = None) -> Diversity:
    """Measure the diversity of a backbone's expanded features: after GELU (V1), after GRN (V2).

    The network computes in evaluation mode and is left in the mode that it was in.

    Args:
        net: The backbone, not wrapped.
        batches: Iterable of normalized images ``(N, C_in, H, W)``, on the network's device.
        visible: Bool ``(N, h, w)``, True where the encoder may look, for every batch; None computes
            densely.

    Raises:
        ValueError: If there are no images.
    """
    was_training = net.training
    net.eval()
    sums, count = None, 0
    try:
        for images in batches:
            found = _flat(reduce_expanded(net, images, _summed, visible))
            sums = found if sums is None else sums + found
            count += len(images)
    finally:
        net.train(was_training)
    if not count:
        raise ValueError('there are no images to measure the diversity of features on.')
    distances, dead = (sums / count).unbind(1)
    depths = [len(blocks) for blocks in net.stages]
    return Diversity(
        distances=[part.tolist() for part in distances.split(depths)],
        dead=[part.tolist() for part in dead.split(depths)],
        images=count,
    )


def _summed(maps: Tensor) -> Tensor:
    return torch.stack([mean_cosine_distance(maps).sum(), dead_channels(maps).sum()]).double()


def _flat(stages: list[list[Tensor]]) -> Tensor:
    return torch.stack([value for stage in stages for value in stage])


def draw_diversity(
    curves: Mapping[str, Sequence[float]], path: str | Path, *, settings: str = ''
) -> None:
    """Draw paper Figure 4: diversity over depth, a line a model.

    Networks of different depth share an axis: block l of L stands at l / (L - 1), 0 for the first.

    Args:
        curves: Name of the model to the distances of its blocks (:attr:`Diversity.curve`).
        path: Image file to write; its folder is made.
        settings: What was measured and how, a line or two below the picture.

    Raises:
        ValueError: If there is no model.
    """
    if not curves:
        raise ValueError('there is no model to draw: give at least one.')
    figure = Figure(figsize=(7.2, 4.0 if settings else 3.7), layout='constrained')
    axes = figure.add_subplot()
    for i, (name, values) in enumerate(curves.items()):
        last = max(len(values) - 1, 1)
        axes.plot(
            [block / last for block in range(len(values))],
            values,
            color=COLORS[i % len(COLORS)],
            marker=_MARKERS[i % len(_MARKERS)],
            markersize=5,
            linewidth=1.8,
            label=name,
            clip_on=False,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 0.5)
    axes.set_xlabel('depth of the block, first = 0, last = 1')
    axes.set_ylabel('mean pairwise cosine distance\nof expanded features')
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='y', color='#dddddd', linewidth=0.8)
    axes.set_axisbelow(True)
    figure.legend(loc='outside upper left', ncols=min(len(curves), 3), frameon=False)
    if settings:
        figure.supxlabel(settings, fontsize=8, color='#333333')
    save_figure(figure, path)
