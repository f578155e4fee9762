"""What a user calls on a trained model beyond what the toolboxes' inferencers do."""

from mmcnx2.apis.reconstruction import FCMAEInferencer

__all__ = ['FCMAEInferencer']
