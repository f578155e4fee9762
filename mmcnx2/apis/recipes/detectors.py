"""The detectors that `mmcnx2 detect` trains, and the heads of `mmcnx2 segment`."""

from dataclasses import dataclass

from mmcnx2.choices import DETECTORS, SEGMENTATION_HEADS


@dataclass(frozen=True, kw_only=True)
class Detector:
    """What the recipe has to know of a detector; all else stands in its config.

    Attributes:
        title: Its name where objects have masks.
        config: The shipped config, below ``configs/``.
        masks: Whether it predicts masks where objects have some.
        boxes_alone: Its name where objects have boxes alone; None if it cannot do without masks.
        few: Passes over a large data set.
        many: The most, however small the data set is.
    """

    title: str
    config: str
    masks: bool
    boxes_alone: str | None
    few: int
    many: int


@dataclass(frozen=True, kw_only=True)
class SegmentationHead:
    """What the recipe has to know of a segmentor's head.

    Attributes:
        title: Its name.
        config: The shipped config, below ``configs/``.
        package: What it needs besides mmseg, None for nothing.
    """

    title: str
    config: str
    package: str | None = None


_DETECTORS = (
    Detector(
        title='Mask R-CNN',
        config='mask_rcnn/mask-rcnn_convnextv2-atto-fcmae_fpn_1xb8-lsj-36e_folder.py',
        masks=True,
        boxes_alone='Faster R-CNN',
        few=36,
        many=144,
    ),
    Detector(
        title='Cascade Mask R-CNN',
        config='cascade_mask_rcnn/'
        'cascade-mask-rcnn_convnextv2-atto-fcmae_fpn_1xb8-lsj-36e_folder.py',
        masks=True,
        boxes_alone='Cascade R-CNN',
        few=36,
        many=144,
    ),
    Detector(
        title='RTMDet',
        config='rtmdet/rtmdet_convnextv2-atto-fcmae_1xb8-lsj-100e_folder.py',
        masks=False,
        boxes_alone='RTMDet',
        few=100,
        many=300,
    ),
    Detector(
        title='RTMDet-Ins',
        config='rtmdet/rtmdet-ins_convnextv2-atto-fcmae_1xb8-lsj-100e_folder.py',
        masks=True,
        boxes_alone=None,
        few=100,
        many=300,
    ),
    Detector(
        title='DINO',
        config='dino/dino-4scale_convnextv2-atto-fcmae_1xb8-lsj-36e_folder.py',
        masks=False,
        boxes_alone='DINO',
        few=36,
        many=144,
    ),
    Detector(
        title='Mask2Former',
        config='mask2former/mask2former_convnextv2-atto-fcmae_1xb8-lsj-50e_folder.py',
        masks=True,
        boxes_alone=None,
        few=50,
        many=200,
    ),
)
DETECTOR_TABLE = dict(zip(DETECTORS, _DETECTORS, strict=True))
"""By the word of the option."""

_HEADS = (
    SegmentationHead(
        title='UPerNet',
        config='upernet/upernet_convnextv2-atto-fcmae_1xb8-amp-20k_folder-512x512.py',
    ),
    SegmentationHead(
        title='Mask2Former',
        config='mask2former/mask2former_convnextv2-atto-fcmae_1xb8-amp-20k_folder-512x512.py',
        package='mmdet',
    ),
)
HEAD_TABLE = dict(zip(SEGMENTATION_HEADS, _HEADS, strict=True))
"""By the word of the option."""
