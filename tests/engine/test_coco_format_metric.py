"""Scores against files that lack what can be computed are those against the whole file."""

import json
from copy import deepcopy

import numpy as np
import pytest
import torch

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmdet is imported)
from mmcnx2.engine.coco_format_metric import CocoFormatMetric

SIDE = 60


def square(x: int, y: int, side: int) -> dict:
    """A mask annotation, whole."""
    polygon = [x, y, x + side, y, x + side, y + side, x, y + side]
    return dict(bbox=[x, y, side, side], area=side * side, iscrowd=0, segmentation=[polygon])


WHOLE = dict(
    images=[dict(id=i, file_name=f'{i}.jpg', height=SIDE, width=SIDE) for i in (1, 2)],
    categories=[dict(id=2, name='owl'), dict(id=1, name='wren')],
    annotations=[
        dict(id=1, image_id=1, category_id=1, **square(2, 2, 9)),
        dict(id=2, image_id=1, category_id=2, **square(20, 2, 12)),
        dict(id=3, image_id=2, category_id=1, **square(4, 8, 40)),
    ],
)
FOUND = {1: [(2, 3, 9, 1, 0.9), (21, 2, 12, 0, 0.8), (1, 20, 6, 1, 0.3)], 2: [(5, 9, 38, 1, 0.7)]}
"""x, y, side, label and score by image."""


def predictions(*, masks: bool) -> list[dict]:
    samples = []
    for image, objects in FOUND.items():
        values = np.array(objects, np.float32)
        corner, side = values[:, :2], values[:, 2:3]
        pred = dict(
            bboxes=torch.from_numpy(np.hstack([corner, corner + side])),
            labels=torch.from_numpy(values[:, 3]).long(),
            scores=torch.from_numpy(values[:, 4]),
        )
        if masks:
            pred['masks'] = torch.zeros(len(objects), SIDE, SIDE, dtype=torch.bool)
            for mask, (x, y, length, *_) in zip(pred['masks'], objects, strict=True):
                mask[y : y + length, x : x + length] = True
        samples.append(dict(img_id=image, ori_shape=(SIDE, SIDE), pred_instances=pred))
    return samples


def scores(tmp_path, file: dict, *, kind=CocoFormatMetric, masks: bool = True, **options) -> dict:
    path = tmp_path / 'val.json'
    path.write_text(json.dumps(file))
    metric = kind(ann_file=str(path), **options)
    metric.dataset_meta = dict(classes=('owl', 'wren'))
    metric.process({}, predictions(masks=masks))
    return metric.evaluate(size=2)


def reduced() -> dict:
    file = deepcopy(WHOLE)
    for entry in file['annotations']:
        for key in ('id', 'area', 'iscrowd', 'bbox'):
            del entry[key]
    for image in file['images']:
        del image['height'], image['width']
    return file


def test_scores_boxes_and_masks_as_mmdet_scores_the_whole_file(tmp_path):
    from mmdet.evaluation import CocoMetric

    expected = scores(tmp_path, WHOLE, kind=CocoMetric, metric=['bbox', 'segm'])
    for kind in ('bbox', 'segm'):
        for size in ('', '_s', '_m'):  # which area decides
            assert 0 < expected[f'coco/{kind}_mAP{size}'] < 1
    assert scores(tmp_path, WHOLE) == expected
    assert scores(tmp_path, reduced()) == expected


def test_an_object_of_id_0_counts_as_found(tmp_path):
    file = deepcopy(WHOLE)
    for number, annotation in enumerate(file['annotations']):
        annotation['id'] = number
    assert scores(tmp_path, file) == scores(tmp_path, WHOLE)


def test_boxes_alone_are_scored_where_no_masks_are_predicted(tmp_path):
    file = deepcopy(WHOLE)
    for annotation in file['annotations']:
        del annotation['segmentation']
    found = scores(tmp_path, file, masks=False)
    assert found['coco/bbox_mAP'] == scores(tmp_path, WHOLE)['coco/bbox_mAP']
    assert not any('segm' in name for name in found)


def test_masks_that_cannot_be_scored_are_refused(tmp_path):
    file = deepcopy(WHOLE)
    del file['annotations'][1]['segmentation']
    with pytest.raises(ValueError, match='1 of 3 objects have no segmentation to score masks by'):
        scores(tmp_path, file)
    assert scores(tmp_path, file, metric='bbox')['coco/bbox_mAP'] > 0
