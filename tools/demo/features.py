"""Sections of the demo's page on its features: paper Figures 3 and 4, V1 against V2."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.page import Section
from mmcnx2.analysis.activation_maps import draw_activation_maps, expanded_maps
from mmcnx2.analysis.encoders import Encoder
from mmcnx2.analysis.feature_diversity import draw_diversity, measure_diversity
from mmcnx2.analysis.pictures import read_square


def diversity_section(
    images: Path, encoders: Mapping[str, Encoder], pictures: Sequence[Path], size: int
) -> Section:
    """Draw paper Figure 4.

    Args:
        images: Folder of the page's pictures.
        encoders: Name in the legend to network.
        pictures: Files to average over.
        size: Their side in pixels.
    """
    files = [str(picture) for picture in pictures]
    found = {
        name: measure_diversity(
            encoder.net, encoder.read(files, size, batch_size=16, shorter_side=size)
        )
        for name, encoder in encoders.items()
    }
    draw_diversity({name: of.curve for name, of in found.items()}, images / 'diversity.png')
    stages = range(1, len(next(iter(found.values())).stages) + 1)
    return Section(
        title='Diversity of features (paper Figure 4)',
        image='images/diversity.png',
        alt='Mean pairwise cosine distance of the expanded features over depth, by network',
        table=[
            ['mean of a stage', *(f'stage {stage}' for stage in stages)],
            *([name, *(f'{value:.3f}' for value in of.stages)] for name, of in found.items()),
        ],
        note=(
            'Mean pairwise cosine distance between the channels of each block, after GELU (V1) or '
            f'GRN (V2), of whole pictures, averaged over {len(files)} that no training saw. 0: all '
            'channels show the same; 0.5: as different as so many can be. The paper measures Base '
            'after 800 epochs of ImageNet and sees V1 collapse. A small network after some hundred '
            'steps need not.'
        ),
    )


def activations_section(
    images: Path, encoders: Mapping[str, Encoder], picture: Path, size: int
) -> Section:
    """Draw paper Figure 3.

    Args:
        images: Folder of the page's pictures.
        encoders: Name of the panel to network.
        picture: File that the networks see.
        size: Its side in pixels.
    """
    stage, block = len(next(iter(encoders.values())).net.stages), -1
    panels = {}
    for name, encoder in encoders.items():
        (image,) = encoder.read([str(picture)], size, batch_size=1, shorter_side=size)
        panels[name] = expanded_maps(encoder.net, image, stage=stage, block=block)
    shown = read_square(picture, size).flip(0).permute(1, 2, 0).numpy()
    draw_activation_maps(panels, images / 'activations.png', picture=shown)
    return Section(
        title='Activation maps (paper Figure 3)',
        image='images/activations.png',
        alt='A picture, and 64 channels of each network as small squares',
        wide=True,
        note=(
            f'64 channels at equal distances of the last block of stage {stage}, after GELU (V1) '
            'or GRN (V2), for one picture that no training saw. The squares of a panel share one '
            'color scale.'
        ),
    )
