"""Boxes, and masks where the data set says that its objects have them."""

import numpy as np
import pytest

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmdet is imported)
from mmcnx2.datasets.load_objects import LoadObjects


@pytest.mark.parametrize('with_masks', [True, False, None])
def test_loads_boxes_and_only_masks_that_are_there(with_masks):
    instance = dict(bbox=[1, 1, 5, 4], bbox_label=2, ignore_flag=0)
    image = dict(ori_shape=(6, 8), img_shape=(6, 8), instances=[instance])
    if with_masks is not None:
        image['with_masks'] = with_masks
    if with_masks:
        instance['mask'] = [[1, 1, 5, 1, 5, 4, 1, 4]]
    found = LoadObjects()(image)
    assert found['gt_bboxes'].tensor.tolist() == [[1, 1, 5, 4]]
    assert found['gt_bboxes_labels'].tolist() == [2]
    assert ('gt_masks' in found) == bool(with_masks)
    if with_masks:
        expected = np.zeros((1, 6, 8), np.uint8)
        expected[0, 1:4, 1:5] = 1
        assert np.array_equal(found['gt_masks'].masks, expected)
