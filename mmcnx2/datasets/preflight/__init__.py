"""The look at the data before training and testing, which says in sentences what is wrong."""

from mmcnx2.datasets.preflight.findings import Report
from mmcnx2.datasets.preflight.look import (
    dataset_class,
    leaf_datasets,
    look_at_data,
    predicts_masks,
)

__all__ = ['Report', 'dataset_class', 'leaf_datasets', 'look_at_data', 'predicts_masks']
