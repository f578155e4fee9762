"""What changes in the models of the toolboxes where our backbone comes in: the widths behind it."""

from collections.abc import Callable, Sequence

from mmengine.config import ConfigDict

Change = Callable[[ConfigDict, Sequence[int]], None]
"""What is done to a base's model, given the width of each of our stages."""


def nothing(model: ConfigDict, widths: Sequence[int]) -> None:
    """Change no more than the backbone."""


def neck(model: ConfigDict, widths: Sequence[int]) -> None:
    """Give a neck the widths of all stages."""
    model.neck.in_channels = list(widths)


def segmentation_neck(model: ConfigDict, widths: Sequence[int]) -> None:
    """Give a neck of mmseg the widths of all stages."""
    model.pretrained = None
    neck(model, widths)


def heads(model: ConfigDict, widths: Sequence[int]) -> None:
    """Give each head of mmseg the widths of the stages that its ``in_index`` names."""
    model.pretrained = None
    for head in segmentation_heads(model):
        index = head.get('in_index', -1)
        several = isinstance(index, list | tuple)
        head.in_channels = [widths[i] for i in index] if several else widths[index]
        if 'c1_in_channels' in head:
            head.c1_in_channels = widths[0]
        if head.get('num_convs') == 0:
            head.channels = head.in_channels


def segmentation_heads(model: ConfigDict) -> list[ConfigDict]:
    """Return all heads of a model of mmseg, the auxiliary ones last."""
    groups = [model.decode_head, model.get('auxiliary_head') or []]
    return [head for group in groups for head in (group if isinstance(group, list) else [group])]


def heads_without_neck(model: ConfigDict, widths: Sequence[int]) -> None:
    """Take out a neck that makes a pyramid of one size, and do as :func:`heads`."""
    model.neck = None
    heads(model, widths)


def heads_at(*indices: int | tuple[int, ...]) -> Change:
    """Have the heads of mmseg take other stages, in their order; then do as :func:`heads`."""

    def change(model: ConfigDict, widths: Sequence[int]) -> None:
        for head, index in zip(segmentation_heads(model), indices, strict=True):
            head.in_index = index
        heads(model, widths)

    return change


def jpu(model: ConfigDict, widths: Sequence[int]) -> None:
    """Give FastFCN's neck the last three widths, and its auxiliary head the third."""
    model.pretrained = None
    model.neck.in_channels = tuple(widths[1:])
    model.auxiliary_head.in_channels = widths[2]


def context_path(model: ConfigDict, widths: Sequence[int]) -> None:
    """Fit BiSeNet's context and spatial path to our maps."""
    half = widths[2] // 2
    model.backbone.context_channels = (half, widths[2], widths[3])
    model.backbone.spatial_channels = (64, 64, 64, half)
    for head in model.auxiliary_head:
        head.in_channels = half


def stdc(model: ConfigDict, widths: Sequence[int]) -> None:
    """Fit STDC's context path to our maps."""
    model.backbone.last_in_channels = (widths[3], widths[2])
    model.backbone.ffm_cfg.in_channels = widths[1] + model.backbone.out_channels
    model.auxiliary_head[2].in_channels = widths[1]


def one_map(stage: int, *, stride: int) -> Change:
    """Have a detector without a neck take the map of one stage, from 0."""

    def change(model: ConfigDict, widths: Sequence[int]) -> None:
        model.rpn_head.in_channels = widths[stage]
        model.rpn_head.anchor_generator.strides = [stride]
        if 'roi_head' in model:
            roi = model.roi_head
            roi.bbox_roi_extractor.out_channels = widths[stage]
            roi.bbox_roi_extractor.featmap_strides = [stride]
            roi.bbox_head.in_channels = widths[stage]

    return change


def one_map_without_res5(model: ConfigDict, widths: Sequence[int]) -> None:
    """Have a detector take the third map, without the stage of ResNet in its RoI head."""
    one_map(2, stride=16)(model, widths)
    model.roi_head.shared_head = None
    model.roi_head.bbox_roi_extractor.roi_layer.output_size = 7
    if model.roi_head.get('mask_head'):
        model.roi_head.mask_head.in_channels = widths[2]


def ssd(model: ConfigDict, widths: Sequence[int]) -> None:
    """Give SSD's neck and head the second and third width."""
    model.neck.in_channels = tuple(widths[1:3])
    out = (*widths[1:3], *model.neck.out_channels[2:])
    model.neck.out_channels = model.bbox_head.in_channels = out


def classifier(model: ConfigDict, widths: Sequence[int]) -> None:
    """Give a classifier the pooled last width."""
    model.neck = None
    model.head.in_channels = widths[-1]
