"""COCO's scores against an annotation file that may lack what can be computed."""

from collections.abc import Sequence

from mmdet.evaluation import CocoMetric

from mmcnx2.datasets.coco_file import CocoContents, complete, read_coco
from mmcnx2.registry import METRICS


@METRICS.register_module()
class CocoFormatMetric(CocoMetric):
    """``CocoMetric`` for what :class:`.coco_format.CocoFormatDataset` reads.

    ``area``, ``iscrowd``, ``bbox`` and ids that the file lacks are computed in memory, as that
    class does, widths and heights are those of the images that were scored.

    Args:
        ann_file: Annotations in COCO's format.
        metric: ``bbox``, ``segm`` or others of ``CocoMetric``. Default ``bbox``, and ``segm`` where
            the model predicts masks.
        **options: As for ``CocoMetric``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not in COCO's format.
    """

    def __init__(self, *, ann_file: str, metric: str | Sequence[str] | None = None, **options):
        metrics = [metric] if isinstance(metric, str) else list(metric or ['bbox'])
        super().__init__(metric=metrics, **options)
        self._follows_model = metric is None
        self._contents = read_coco(ann_file)
        # Says that there is a file; sizes of images, which the rest needs, come with the results.
        self._coco_api = CocoContents({})

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Score what ``process`` has gathered: pairs of an image's facts and its predictions.

        Raises:
            ValueError: Masks are to be scored, and an object of the file has none.
        """
        truths, predictions = zip(*results, strict=True)
        if self._follows_model:
            self.metrics = ['bbox', 'segm'] if 'masks' in predictions[0] else ['bbox']
        images = {image['id']: image for image in self._contents['images']}
        for truth in truths:
            image = images[truth['img_id']]
            if not (image.get('height') and image.get('width')):
                image.update(height=truth['height'], width=truth['width'])
        complete(self._contents)
        if 'segm' in self.metrics:
            objects = self._contents['annotations']
            without = sum(not annotation.get('segmentation') for annotation in objects)
            if without:
                raise ValueError(
                    f'{without} of {len(objects)} objects have no segmentation to score masks by: '
                    'add them, score boxes alone with test_evaluator.metric=bbox, or train without '
                    'a mask head (model.roi_head.mask_head=None).'
                )
        self._coco_api = CocoContents(self._contents)
        return super().compute_metrics(results)
