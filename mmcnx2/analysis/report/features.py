"""What the features of a network are like, beside those of one that has learnt nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from mmcnx2.analysis.curves import BLUE
from mmcnx2.analysis.feature_diversity import measure_diversity
from mmcnx2.analysis.rank import rankme
from mmcnx2.analysis.report.curves import WIDTH, plain
from mmcnx2.analysis.report.page import Picture, Section
from mmcnx2.nn.convnextv2 import ConvNeXtV2


@dataclass(frozen=True)
class FeatureQuality:
    """Numbers of a network's features on some pictures.

    Attributes:
        diversity: Mean pairwise cosine distance of the expanded features, one a stage.
        ranks: RankMe of each stage's features, averaged over space.
        most: The largest rank that a stage could have with so many pictures.
    """

    diversity: list[float]
    ranks: list[float]
    most: list[int]


@torch.no_grad()
def measure_quality(net: ConvNeXtV2, batches: Sequence[Tensor]) -> FeatureQuality:
    """Measure a network, in evaluation mode.

    Args:
        net: The backbone.
        batches: Normalized images ``(N, 3, H, W)``, of one size.
    """
    pooled = [[] for _ in net.stages]
    for images in batches:
        layouts = net.plan(images, None)
        for stage, x in enumerate(net.encode(images, layouts)):
            pooled[stage].append(layouts[stage].to_maps(x).float().mean((2, 3)).cpu().numpy())
    vectors = [np.concatenate(stage) for stage in pooled]
    return FeatureQuality(
        diversity=measure_diversity(net, batches[:1]).stages,
        ranks=[rankme(each) for each in vectors],
        most=[min(each.shape) for each in vectors],
    )


def untrained_like(net: ConvNeXtV2) -> ConvNeXtV2:
    """Return a plain network of the same size with random weights, drawn from a fixed seed."""
    device = next(net.parameters()).device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        other = ConvNeXtV2(
            dict(depths=net.depths, channels=net.channels),
            stem_patch_size=net.strides[0],
            in_channels=net.downsample_layers[0][0].in_channels,
            use_grn=net.stages[0][0].grn is not None,
            final_norm=False,
        )
    return other.to(device).eval()


def features_section(
    checkpoints: Mapping[str, FeatureQuality], untrained: FeatureQuality, *, pictures: int
) -> Section:
    """Show diversity and rank of each stage, and how the last rank went over the checkpoints.

    Args:
        checkpoints: Name to its quality, the oldest first.
        untrained: That of random weights.
        pictures: Number that was measured on.
    """
    *_, last = checkpoints.values()
    rows = [['stage', 'diversity (untrained)', 'RankMe (untrained)', 'most']]
    for i, (distance, rank) in enumerate(zip(last.diversity, last.ranks, strict=True)):
        before = (untrained.diversity[i], untrained.ranks[i])
        rows.append([
            str(i + 1), f'{distance:.2f} ({before[0]:.2f})', f'{rank:.1f} ({before[1]:.1f})',
            str(last.most[i]),
        ])  # fmt: skip
    drawn = []
    if len(checkpoints) > 1:
        figure = Figure(figsize=(WIDTH, 1.7), layout='constrained')
        axes = figure.add_subplot()
        ranks = [quality.ranks[-1] for quality in checkpoints.values()]
        axes.plot(list(checkpoints), ranks, color=BLUE, marker='o', markersize=4)
        axes.axhline(untrained.ranks[-1], color='#555555', linestyle=':', label='untrained')
        axes.set_ylim(0, 1.1 * max(*ranks, untrained.ranks[-1]))
        axes.legend(frameon=False, fontsize=8)
        plain(axes, 'RankMe')
        drawn.append(Picture.of(figure, 'effective rank over the checkpoints'))
    return Section(
        title='Features',
        pictures=drawn,
        table=rows,
        note='Diversity is the mean pairwise cosine distance of a stage’s expanded channels '
        '(ConvNeXt V2, Figure 4): 0.5 at most; below 0.1 channels have become alike. RankMe is '
        f'the number of directions that features of {pictures} pictures use (Garrido et al., '
        'ICML 2023): of two runs of one network the higher one usually transfers better; it is '
        'healthy while it grows, or stays well above 1, and sick where it falls towards 1.',
    )
