"""How well a detector or segmentor does on each class, and on each picture."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import BaseMetric
from mmengine.registry import DATASETS, METRICS, DefaultScope


@dataclass(frozen=True)
class PictureScores:
    """Scores in percent, None where no picture has the class or the picture no object.

    Attributes:
        measure: What they are.
        by_class: Class to its score.
        by_picture: Number of a picture in the validation set to its score.
    """

    measure: str
    by_class: Mapping[str, float | None]
    by_picture: Mapping[int, float | None]

    def worst(self, count: int) -> list[int]:
        """Return the numbers of the pictures with the lowest scores, the lowest first."""
        scored = {n: score for n, score in self.by_picture.items() if score is not None}
        return sorted(scored, key=lambda number: scored[number])[:count]


def score_pictures(
    cfg: Config, checkpoint: str, numbers: Sequence[int], *, device: str
) -> PictureScores:
    """Predict on pictures of the validation set and score them by the config's own metric.

    Args:
        cfg: Config of mmdet or mmseg.
        checkpoint: Trained with it.
        numbers: Of the pictures.
        device: Such as 'cpu'.
    """
    cfg = deepcopy(cfg)
    cfg.model.backbone.pop('init_cfg', None)  # the checkpoint brings all weights
    detects = cfg.default_scope == 'mmdet'
    if detects:
        from mmdet.apis import init_detector as init
    else:
        from mmseg.apis import init_model as init
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(cfg.val_dataloader.dataset)
        metric = METRICS.build(cfg.val_evaluator | (dict(classwise=True) if detects else {}))
        model = init(cfg, checkpoint, device=device)
        metric.dataset_meta = dataset.metainfo
        with torch.no_grad():
            for number in numbers:
                batch = pseudo_collate([dataset[number]])
                metric.process(batch, [each.to_dict() for each in model.test_step(batch)])
    return (_detected if detects else _segmented)(metric, numbers)


def _detected(metric: BaseMetric, numbers: Sequence[int]) -> PictureScores:
    """Return COCO's mean average precision: of masks where there are some, else of boxes."""
    results, classes = metric.results, metric.dataset_meta['classes']
    whole = _coco(metric, results)
    kind = metric.metrics[-1]  # boxes come first
    by_class = {name: whole.get(f'{name}_precision', 0.0) for name in classes}  # nothing found
    by_picture = {
        number: _coco(metric, [result]).get(f'{kind}_mAP', 0.0)
        for number, result in zip(numbers, results, strict=True)
    }
    what = 'masks' if kind == 'segm' else 'boxes'
    return PictureScores(f'mAP of {what}', *(_percent(each) for each in (by_class, by_picture)))


def _coco(metric: BaseMetric, results: list) -> dict[str, float]:
    metric.img_ids = [truth['img_id'] for truth, _ in results]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its tables
        return metric.compute_metrics(results)


def _percent(scores: Mapping) -> dict:
    """COCO says -1 or NaN where there is nothing to find."""
    return {
        name: None if score is None or not score >= 0 else 100 * float(score)
        for name, score in scores.items()
    }


def _segmented(metric: BaseMetric, numbers: Sequence[int]) -> PictureScores:
    """Return intersections over unions; of a picture, averaged over the classes that it has."""
    inside, union, _, truth = (
        np.stack([np.asarray(each) for each in part]) for part in zip(*metric.results, strict=True)
    )

    def share(inside: np.ndarray, union: np.ndarray) -> np.ndarray:
        return 100 * inside / np.where(union > 0, union, np.nan)

    classes = metric.dataset_meta['classes']
    totals = share(inside.sum(0), union.sum(0))
    each = np.where(truth > 0, share(inside, union), np.nan)
    means = {
        number: float(np.nanmean(row)) if np.isfinite(row).any() else None
        for number, row in zip(numbers, each, strict=True)
    }
    by_class = {
        name: float(value) if np.isfinite(value) else None
        for name, value in zip(classes, totals, strict=True)
    }
    return PictureScores('IoU', by_class, means)
