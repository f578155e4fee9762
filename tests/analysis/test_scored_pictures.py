"""Scores of classes and pictures are the toolboxes'; what is not there has none."""

from types import SimpleNamespace

import pytest
import torch

from mmcnx2.analysis.scored_pictures import PictureScores, _segmented


def test_a_segmented_picture_is_scored_by_the_classes_that_it_has():
    """Of each picture and class: pixels that both have, either, the prediction, the truth."""
    results = [
        tuple(map(torch.tensor, ([4.0, 0, 0], [8.0, 2, 0], [6.0, 2, 0], [6.0, 0, 0]))),
        tuple(map(torch.tensor, ([2.0, 3, 0], [4.0, 3, 0], [3.0, 3, 0], [3.0, 3, 0]))),
    ]
    meta = dict(classes=('a', 'b', 'c'))
    scores = _segmented(SimpleNamespace(results=results, dataset_meta=meta), [5, 9])
    assert scores.by_class == {'a': pytest.approx(50), 'b': pytest.approx(60), 'c': None}
    assert scores.by_picture == {5: pytest.approx(50), 9: pytest.approx(75)}


def test_the_worst_come_first_and_the_empty_ones_not_at_all():
    scores = PictureScores('IoU', {}, {1: 30.0, 2: None, 3: 0.0, 4: 90.0})
    assert scores.worst(2) == [3, 1]
