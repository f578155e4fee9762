"""Boxes of one picture: cut off at its edges, and NMS among those of a group."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torchvision.ops import nms


def clip(boxes: Tensor, height: int, width: int) -> Tensor:
    """Return boxes with everything outside the picture cut off."""
    x, y = boxes[:, 0::2].clamp(0, width), boxes[:, 1::2].clamp(0, height)
    return torch.stack([x, y], -1).flatten(1)


def too_small(boxes: Tensor, cfg: Mapping[str, Any]) -> Tensor:
    """Return which boxes have a side of at most ``min_bbox_size`` px, ``(K,)``; -1 leaves all."""
    sides = boxes[:, 2:] - boxes[:, :2]
    least = cfg.get('min_bbox_size', -1)
    return (sides <= least).any(1) if least >= 0 else torch.zeros_like(boxes[:, 0], dtype=bool)


def by_group(boxes: Tensor, scores: Tensor, groups: Tensor, cfg: Mapping[str, Any]) -> Tensor:
    """Return the indices that NMS keeps where groups do not meet, by falling score.

    Each group is moved to a place of its own, as in mmcv.

    Args:
        boxes: ``(K, 4)``.
        scores: ``(K,)``.
        groups: ``(K,)``, floating.
        cfg: Of plain NMS: ``iou_threshold``, and ``class_agnostic`` if all are one group.
    """
    if cfg.get('class_agnostic'):
        return nms(boxes, scores, cfg['iou_threshold'])
    # A zero beside them, since there may be none.
    far = torch.cat([boxes.flatten(), boxes.new_zeros(1)]).max() + 1
    return nms(boxes + (groups * far)[:, None], scores, cfg['iou_threshold'])
