"""Batch augmentations that draw which images to mix on the host, as mmpretrain's do."""

import torch
from mmpretrain.models.utils.batch_augments import RandomBatchAugment
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map_only

from mmcnx2.nn.masking import hand_over


class MixWithoutWaiting(RandomBatchAugment):
    """mmpretrain's ``RandomBatchAugment``, whose indices travel while the host goes on.

    torch copies an index from the host by itself, and has the host wait for all that the device was
    asked to do before.
    """

    @torch._disable_dynamo  # draws by NumPy, which would end a compiled graph anyway
    def __call__(self, images: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Mix images and their scores."""
        with _IndicesTravel():
            return super().__call__(images, scores)


class _IndicesTravel(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is Tensor.__getitem__:
            tensor, index = args
            args = (
                tensor,
                tree_map_only(Tensor, lambda part: hand_over(part, tensor.device), index),
            )
        return function(*args, **(kwargs or {}))
