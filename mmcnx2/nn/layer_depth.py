"""Which layer a parameter belongs to, as layer-wise learning-rate decay counts them.

With L layers, the rate of layer i is ``decay ** (L + 1 - i)`` times the base rate: the last layer
of the backbone learns at ``decay``, everything after it (final norms, necks, heads) at the full
rate. Needs nothing but a parameter's name and the stages' depths.
"""

from collections.abc import Callable, Sequence
from math import ceil

from mmcnx2.checks import check_choice

BLOCKS_A_GROUP = 3


def layer_depth(name: str, depths: Sequence[int], layer_decay_type: str) -> tuple[int, int]:
    """Return a parameter's layer and the number of layers, in mmpretrain's protocol.

    Args:
        name: Name of a parameter, as the backbone's own ``named_parameters`` calls it. Any other
            name is
            one that comes after the stages: a final norm, a neck, a head.
        depths: Blocks of each stage.
        layer_decay_type: A key of :data:`LAYER_DECAY_TYPES`.

    Returns:
        ``(i, L + 2)``; the scale of the rate is ``decay ** (L + 2 - i - 1)``.

    Raises:
        ValueError: Unknown ``layer_decay_type``.
    """
    check_choice(LAYER_DECAY_TYPES, layer_decay_type=layer_decay_type)
    layer_of, count = LAYER_DECAY_TYPES[layer_decay_type]
    last = count(depths)
    part, *numbers = name.split('.')[:3]
    match part:
        case 'downsample_layers':
            return layer_of(int(numbers[0]), None, depths), last + 2
        case 'stages':
            return layer_of(int(numbers[0]), int(numbers[1]), depths), last + 2
        case _:
            return last + 1, last + 2


def _single(stage: int, block: int | None, depths: Sequence[int]) -> int:
    return sum(depths[:stage]) + (block or 0) + 1


def _group(stage: int, block: int | None, depths: Sequence[int]) -> int:
    if stage == 0 and block is None:
        return 0
    if stage == len(depths) - 1:
        return _count_groups(depths)
    earlier = sum(_groups(i, depths) for i in range(stage))
    return earlier + (block or 0) // _blocks_a_group(stage, depths) + 1


def _stage(stage: int, block: int | None, depths: Sequence[int]) -> int:
    return 0 if block is None else stage + 1


def _blocks_a_group(stage: int, depths: Sequence[int]) -> int:
    return BLOCKS_A_GROUP if stage == 2 else depths[stage]


def _groups(stage: int, depths: Sequence[int]) -> int:
    return ceil(depths[stage] / _blocks_a_group(stage, depths))


def _count_groups(depths: Sequence[int]) -> int:
    count = sum(_groups(i, depths) for i in range(len(depths)))
    # The toolboxes know networks of four stages, and of these a short kind and a long one.
    peers = (12 if depths[2] > 9 else 6) if len(depths) == 4 else 0
    return max(count, peers)


LAYER_DECAY_TYPES: dict[str, tuple[Callable, Callable]] = {
    'single': (_single, sum),
    'group': (_group, _count_groups),
    'stage': (_stage, _count_groups),
}
"""How to count, and up to what.

``single`` (the paper's default): a block is a layer; the stem belongs to the first one and a
downsample to the block after it. ``group`` (the paper's base and large; ``layer_wise`` of mmdet and
mmseg): a stage is a layer, but three blocks of the third stage are, downsamples belong to what
follows and the stem is layer 0; so base has 12, tiny 6. Of a third stage of six blocks, as in
atto, femto and pico, the toolboxes say six layers as well, and leave the fifth empty; the paper
decays those sizes by block. ``stage`` (``stage_wise`` of mmdet and mmseg): stages are layers
1 to 4, stem and downsamples are layer 0, and L is that of ``group``.
"""
