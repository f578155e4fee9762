"""Hooks that look at what a model has learnt while it trains. Importing this registers them."""

from mmcnx2.analysis.hooks.feature_diversity_hook import FeatureDiversityHook
from mmcnx2.analysis.hooks.knn_hook import KNNHook
from mmcnx2.analysis.hooks.reconstruction_hook import ReconstructionHook

__all__ = ['FeatureDiversityHook', 'KNNHook', 'ReconstructionHook']
