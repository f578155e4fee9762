"""Weights of the classes of Mask2Former, which follow their number."""

from typing import Any

from mmcnx2.checks import check_types


class WithNoObject:
    """Stands before a toolbox's Mask2Former head, which wants a weight of each class.

    Args:
        loss_cls: The loss of the classes, without ``class_weight``: each class has 1.
        no_object_weight: Weight of "no object", the class of the queries that found none.
        options: Those of the toolbox's class, its numbers of classes among them.
    """

    @check_types
    def __init__(self, *, loss_cls: dict, no_object_weight: float = 0.1, **options: Any):
        kinds = ('num_classes',) if 'num_classes' in options else _KINDS
        weights = [1.0] * sum(options[kind] for kind in kinds)
        loss_cls = type(loss_cls)({**loss_cls, 'class_weight': [*weights, no_object_weight]})
        super().__init__(loss_cls=loss_cls, **options)


_KINDS = ('num_things_classes', 'num_stuff_classes')
