"""Soft-NMS with the signature of ``mmcv._ext.softnms``.

The algorithm is sequential (each choice lowers the scores that the next one compares), so it runs
on the CPU, as mmcv's does, with numpy inside the loop: boxes are few and numpy's calls are short.
"""

import numpy as np
import torch
from torch import Tensor

NAIVE, LINEAR, GAUSSIAN = 0, 1, 2


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    *,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Lower the score of boxes that overlap a better one, and drop those that fall too low.

    Args:
        boxes: ``(N, 4)`` floating on the CPU, x1, y1, x2, y2 in pixels.
        scores: ``(N,)`` floating.
        dets: ``(N, 5)``; its first K rows are overwritten with box and lowered score.
        iou_threshold: From this IoU on ``naive`` removes and ``linear`` lowers.
        sigma: Width of the ``gaussian`` method.
        min_score: A box whose score falls below it is dropped.
        method: 0 naive, 1 linear, 2 gaussian.
        offset: 0 or 1; a box is ``x2 - x1 + offset`` pixels wide.

    Returns:
        Indices of the boxes kept, int64 ``(K,)``, by falling lowered score.

    Raises:
        ValueError: ``method`` is none of the three.
    """
    if method not in (NAIVE, LINEAR, GAUSSIAN):
        raise ValueError(
            f'soft-NMS method {method} is unknown: use 0 (naive), 1 (linear) or 2 (gaussian).'
        )
    dtype = np.float64 if boxes.dtype == torch.float64 else np.float32
    # Columns: x1, y1, x2, y2, score, area. Rows move; ``index`` remembers where they came from.
    rows = np.empty((len(boxes), 6), dtype=dtype)
    rows[:, :4] = boxes.detach().numpy()
    rows[:, 4] = scores.detach().numpy()
    rows[:, 5] = (rows[:, 2] - rows[:, 0] + offset) * (rows[:, 3] - rows[:, 1] + offset)
    index = np.arange(len(rows))
    iou_threshold, min_score = np.float32(iou_threshold), np.float32(min_score)

    count, done = len(rows), 0
    while done < count:
        best = done + int(rows[done:count, 4].argmax())
        rows[[done, best]] = rows[[best, done]]
        index[[done, best]] = index[[best, done]]
        rest = rows[done + 1 : count]
        rest[:, 4] *= _weights(
            _iou(rows[done], rest, offset),
            iou_threshold=iou_threshold,
            sigma=dtype(sigma),
            method=method,
        )
        order = _order_of_survivors(rest[:, 4] >= min_score)
        kept = len(order)
        rest[:kept] = rest[order]
        index[done + 1 : done + 1 + kept] = index[done + 1 : count][order]
        done += 1
        count = done + kept

    dets[:count] = torch.from_numpy(rows[:count, :5]).to(dets.dtype)
    return torch.from_numpy(index[:count].copy())


def _iou(box: np.ndarray, others: np.ndarray, offset: int) -> np.ndarray:
    """IoU of one row with many, ``(M,)``."""
    width = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0]) + offset
    height = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1]) + offset
    inter = np.maximum(width, 0) * np.maximum(height, 0)
    with np.errstate(invalid='ignore', divide='ignore'):  # two empty boxes: 0 / 0
        return inter / (box[5] + others[:, 5] - inter)


def _weights(
    iou: np.ndarray, *, iou_threshold: np.float32, sigma: np.floating, method: int
) -> np.ndarray:
    """What each score is multiplied by, ``(M,)``."""
    one = iou.dtype.type(1)
    if method == GAUSSIAN:
        return np.exp(-(iou * iou) / sigma)
    lowered = np.zeros_like(iou) if method == NAIVE else one - iou
    return np.where(iou >= iou_threshold, lowered, one)


def _order_of_survivors(alive: np.ndarray) -> np.ndarray:
    """Where the survivors' rows come from, ``(K,)``.

    The compiled operator fills the place of a dropped row with the last row that is left. The
    order decides which of two equal scores is taken first, so it is kept.
    """
    order = np.arange(int(alive.sum()))
    order[~alive[: len(order)]] = np.flatnonzero(alive[len(order) :])[::-1] + len(order)
    return order
