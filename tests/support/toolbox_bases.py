"""The model bases that the toolboxes ship, with our backbone in the place of theirs.

``python -m tests.support.toolbox_bases`` prints the tables of docs/toolboxes.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from mmengine.config import Config, ConfigDict

from tests.support import toolbox_changes
from tests.support.toolbox_changes import Change


@dataclass(frozen=True)
class Swap:
    """Bases that take our backbone by the same change.

    Attributes:
        toolbox: Their package.
        bases: Their names.
        besides: What is changed besides the backbone, in words.
        change: The same, done.
        options: Of the backbone.
        inner: Whether it goes into the base's own backbone, as its ``backbone_cfg``.
    """

    toolbox: str
    bases: tuple[str, ...]
    besides: str
    change: Change
    options: Mapping = field(default_factory=lambda: dict(out_indices=(0, 1, 2, 3)))
    inner: bool = False


def load(toolbox: str, base: str) -> Config:
    """Return a base as its toolbox ships it."""
    return Config.fromfile(folder(toolbox) / f'{base}.py')


def folder(toolbox: str) -> Path:
    """Return where an installed toolbox keeps the bases of models."""
    return Path(find_spec(toolbox).origin).parent / '.mim/configs/_base_/models'


def swapped(swap: Swap, base: str, arch: dict) -> ConfigDict:
    """Return the model of a base with our backbone.

    Args:
        swap: How.
        base: One of its bases.
        arch: ``dict(depths=..., channels=...)`` of the backbone.
    """
    model = load(swap.toolbox, base).model
    ours = ConfigDict(type='mmcnx2.ConvNeXtV2', arch=arch, **swap.options)
    if swap.inner:
        model.backbone.backbone_cfg = ours
    else:
        model.backbone = ours
    swap.change(model, arch['channels'])
    return model


SWAPS = (
    Swap(
        'mmpretrain',
        ('convnext_v2/atto', 'convnext_v2/femto', 'convnext_v2/pico', 'convnext_v2/nano',
         'convnext_v2/tiny', 'convnext_v2/base', 'convnext_v2/large', 'convnext_v2/huge',
         'resnet50'),
        '`neck=None`, `head.in_channels`: the last width',
        toolbox_changes.classifier,
        dict(gap_before_final_norm=True),
    ),
    Swap(
        'mmdet',
        ('cascade-mask-rcnn_r50_fpn', 'cascade-rcnn_r50_fpn', 'fast-rcnn_r50_fpn',
         'faster-rcnn_r50_fpn', 'mask-rcnn_r50_fpn', 'retinanet_r50_fpn', 'rpn_r50_fpn'),
        '`neck.in_channels`: all widths',
        toolbox_changes.neck,
    ),
    Swap(
        'mmdet',
        ('faster-rcnn_r50-caffe-c4', 'mask-rcnn_r50-caffe-c4'),
        '`backbone.out_indices=(2,)`; `roi_head.shared_head=None`, which is a stage of ResNet, and '
        '`roi_layer.output_size=7`, which it would have halved; `in_channels` of the heads and '
        '`out_channels` of the RoI extractor: the third width',
        toolbox_changes.one_map_without_res5,
        dict(out_indices=(2,)),
    ),
    Swap(
        'mmdet',
        ('rpn_r50-caffe-c4',),
        '`backbone.out_indices=(2,)`; `rpn_head.in_channels`: the third width',
        toolbox_changes.one_map(2, stride=16),
        dict(out_indices=(2,)),
    ),
    Swap(
        'mmdet',
        ('faster-rcnn_r50-caffe-dc5',),
        '`backbone.out_indices=(3,)`; `in_channels` of the heads and `out_channels` of the RoI '
        'extractor: the last width; `strides` of the anchors and `featmap_strides`: `[32]`, since '
        'nothing is dilated',
        toolbox_changes.one_map(3, stride=32),
        dict(out_indices=(3,)),
    ),
    Swap(
        'mmdet',
        ('ssd300',),
        '`backbone.out_indices=(1, 2)`, of strides 8 and 16 as its own; `neck.in_channels`, and '
        'the first two of `neck.out_channels` and `bbox_head.in_channels`: the second and third '
        'width',
        toolbox_changes.ssd,
        dict(out_indices=(1, 2)),
    ),
    Swap(
        'mmseg',
        ('ann_r50-d8', 'apcnet_r50-d8', 'ccnet_r50-d8', 'cgnet', 'danet_r50-d8',
         'deeplabv3_r50-d8', 'deeplabv3plus_r50-d8', 'dmnet_r50-d8', 'dnl_r50-d8', 'emanet_r50-d8',
         'encnet_r50-d8', 'erfnet_fcn', 'fast_scnn', 'fcn_hr18', 'fcn_r50-d8', 'gcnet_r50-d8',
         'isanet_r50-d8', 'nonlocal_r50-d8', 'ocrnet_hr18', 'pspnet_r50-d8', 'segformer_mit-b0',
         'segmenter_vit-b16_mask', 'setr_naive', 'setr_pup', 'twins_pcpvt-s_upernet',
         'upernet_convnext', 'upernet_r50', 'upernet_swin'),
        '`pretrained=None`; `in_channels` of each head: the widths of the stages that its '
        '`in_index` names; `c1_in_channels`: the first; `channels` of a head without convolutions: '
        'its `in_channels`',
        toolbox_changes.heads,
    ),
    Swap(
        'mmseg',
        ('fpn_poolformer_s12', 'fpn_r50', 'pointrend_r50', 'twins_pcpvt-s_fpn'),
        '`pretrained=None`; `neck.in_channels`: all widths',
        toolbox_changes.segmentation_neck,
    ),
    Swap(
        'mmseg',
        ('upernet_beit', 'upernet_mae', 'upernet_vit-b16_ln_mln'),
        '`neck=None`, which makes a pyramid of one size; then as `upernet_r50`',
        toolbox_changes.heads_without_neck,
    ),
    Swap(
        'mmseg',
        ('deeplabv3_unet_s5-d16', 'fcn_unet_s5-d16', 'pspnet_unet_s5-d16'),
        '`in_index=3`, of the auxiliary head 2; then as `upernet_r50`',
        toolbox_changes.heads_at(3, 2),
    ),
    Swap(
        'mmseg',
        ('bisenetv2',),
        '`in_index=3`, of the auxiliary heads 0 to 3; then as `upernet_r50`',
        toolbox_changes.heads_at(3, 0, 1, 2, 3),
    ),
    Swap(
        'mmseg',
        ('ocrnet_r50-d8',),
        '`in_index=3` in both heads, whose maps have to be of one size; then as `upernet_r50`',
        toolbox_changes.heads_at(3, 3),
    ),
    Swap(
        'mmseg',
        ('fastfcn_r50-d32_jpu_psp',),
        '`pretrained=None`; `backbone.out_indices=(1, 2, 3)`; `neck.in_channels`: the last three '
        'widths; `auxiliary_head.in_channels`: the third',
        toolbox_changes.jpu,
        dict(out_indices=(1, 2, 3)),
    ),
    Swap(
        'mmseg',
        ('bisenetv1_r18-d32',),
        'ours as `backbone.backbone_cfg`; `backbone.context_channels`: half the third width, the '
        'third, the last; that half, too, last of `spatial_channels` and in the auxiliary heads',
        toolbox_changes.context_path,
        inner=True,
    ),
    Swap(
        'mmseg',
        ('stdc',),
        'ours, `out_indices=(1, 2, 3)`, as `backbone.backbone_cfg`; `backbone.last_in_channels`: '
        'the last width and the third; `ffm_cfg.in_channels`: 128 more than the second, which '
        '`STDCHead` takes',
        toolbox_changes.stdc,
        dict(out_indices=(1, 2, 3)),
        inner=True,
    ),
)  # fmt: skip

CANNOT = {
    'must be greater or equal to the number of dimensions': Swap(
        'mmseg',
        ('dpt_vit-b16',),
        'its head takes the class token of a ViT beside each map',
        toolbox_changes.heads,
    ),
    'is not callable': Swap(
        'mmseg',
        ('icnet_r50-d8',),
        'it calls `stem`, `maxpool` and `layer1` to `layer4` of a ResNet one by one, and makes the '
        'image smaller between them',
        toolbox_changes.nothing,
        inner=True,
    ),
    'Output size is too small': Swap(
        'mmseg',
        ('lraspp_m-v3-d8',),
        'its head pools 49x49 sites, which maps of strides 16 and 32 have from 784 and 1568 px on',
        toolbox_changes.heads_at((0, 1, 3)),
    ),
    "operator 'psamask_forward' is compiled code": Swap(
        'mmseg',
        ('psanet_r50-d8',),
        "its head needs one of mmcv's compiled operators, with any backbone",
        toolbox_changes.heads,
    ),
    "unexpected keyword argument 'backbone'": Swap(
        'mmseg',
        ('san_vit-b16',),
        'it has no `backbone`: the encoders of image and text are those of CLIP',
        toolbox_changes.nothing,
    ),
    'size of tensor a .* must match the size of tensor b': Swap(
        'mmseg',
        ('setr_mla',),
        "its neck adds four maps of one size, a ViT's; ours have four sizes",
        toolbox_changes.segmentation_neck,
    ),
    "no attribute 'decode_head'": Swap(
        'mmseg',
        ('vpd_sd',),
        'it has no head: its backbone is the UNet of Stable Diffusion',
        toolbox_changes.heads,
    ),
}
"""What is said where our backbone cannot stand, to the base and, as ``besides``, the reason."""


def tables() -> str:
    """Return the tables of docs/toolboxes.md."""
    lines = ['| toolbox | bases | what changes besides the backbone |', '|---|---|---|']
    for swap in SWAPS:
        bases = ', '.join(f'`{base}`' for base in swap.bases)
        lines.append(f'| {swap.toolbox} | {bases} | {swap.besides} |')
    lines += ['', '| toolbox | base | why it cannot |', '|---|---|---|']
    for swap in CANNOT.values():
        lines.append(f'| {swap.toolbox} | `{swap.bases[0]}` | {swap.besides} |')
    return '\n'.join(lines)


if __name__ == '__main__':
    print(tables())
