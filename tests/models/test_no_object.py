"""Mask2Former's weights of classes follow their number."""

import pytest

from mmcnx2.models.no_object import WithNoObject


class Toolbox:
    """Keeps what a toolbox's head would be given."""

    def __init__(self, **options):
        self.options = options


class Head(WithNoObject, Toolbox):
    pass


@pytest.mark.parametrize(
    'counts', [dict(num_classes=3), dict(num_things_classes=1, num_stuff_classes=2)]
)
def test_each_class_weighs_one_and_no_object_a_tenth(counts):
    loss = dict(type='CrossEntropyLoss')
    options = Head(loss_cls=loss, num_queries=5, **counts).options
    assert options == dict(
        loss_cls=dict(loss, class_weight=[1.0, 1.0, 1.0, 0.1]), num_queries=5, **counts
    )
    assert 'class_weight' not in loss, 'the config stays as it is'
    weights = Head(loss_cls=loss, no_object_weight=0.5, **counts).options['loss_cls']
    assert weights['class_weight'][-1] == 0.5
