"""Non-maximum suppression with the signature of ``mmcv._ext.nms``, by torchvision."""

import numpy as np
import torch
from torch import Tensor


def nms(boxes: Tensor, scores: Tensor, *, iou_threshold: float, offset: int) -> Tensor:
    """Keep the best of every group of boxes that overlap.

    Args:
        boxes: ``(N, 4)`` floating, x1, y1, x2, y2 in pixels, on any device.
        scores: ``(N,)`` floating.
        iou_threshold: A box goes when its IoU with a better one is larger than this.
        offset: 0 or 1; a box is ``x2 - x1 + offset`` pixels wide.

    Returns:
        Indices of the boxes kept, int64 ``(K,)``, by falling score.
    """
    import torchvision

    if boxes.numel() == 0:
        return torch.empty(0, dtype=torch.long, device=boxes.device)
    if offset:
        boxes = torch.cat([boxes[:, :2], boxes[:, 2:] + offset], dim=1)
    # The compiled operator compares with a float32 threshold; an IoU that ties with it must stay.
    threshold = float(np.float32(iou_threshold))
    # Equal scores: the compiled operator takes them as torch's default sort leaves them, which is
    # not the stable order that torchvision's own sort keeps. Sort first, then score by rank.
    order = scores.sort(descending=True).indices
    boxes = boxes[order].to(torch.promote_types(boxes.dtype, torch.float32))
    rank = torch.arange(len(order), 0, -1, device=boxes.device, dtype=boxes.dtype)
    return order[torchvision.ops.nms(boxes, rank, threshold)]
