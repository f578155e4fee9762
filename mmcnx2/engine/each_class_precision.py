"""Average precision of each class, where images have several."""

from collections.abc import Sequence

import torch
from mmpretrain.evaluation import AveragePrecision

from mmcnx2.registry import METRICS


@METRICS.register_module()
class EachClassPrecision(AveragePrecision):
    """``AveragePrecision`` by the names of the classes, in percent, and ``mAP``, their mean.

    A class that no image has is left out.
    """

    def compute_metrics(self, results: Sequence[dict]) -> dict[str, float]:
        """Return the scores.

        Args:
            results: ``gt_score`` and ``pred_score`` of each image, ``(classes,)``.
        """
        target = torch.stack([each['gt_score'] for each in results])
        scores = self.calculate(
            torch.stack([each['pred_score'] for each in results]), target, average=None
        )
        there = target.sum(0) > 0
        names = self.dataset_meta['classes']
        found = {
            f'AP {name}': float(score)
            for name, score, has in zip(names, scores, there, strict=True)
            if has
        }
        return dict(mAP=sum(found.values()) / max(1, len(found))) | found
