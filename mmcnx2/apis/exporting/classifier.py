"""Classifiers: logits of any number of pictures."""

from copy import deepcopy

import torch
from mmpretrain.models import ImageClassifier
from torch import Tensor

from mmcnx2.apis.exporting.program import Program


class ClassifierProgram(Program):
    """A classifier with its normalization inside.

    Args:
        model: mmpretrain's ``ImageClassifier``.
        dtype: float32 or float16.
    """

    kind = 'classifier'
    outputs = ('logits',)

    def __init__(self, model: ImageClassifier, dtype: torch.dtype):
        super().__init__(model, deepcopy(model), dtype)
        self.original_model = [model]  # in a list: it is no part of the network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return logits, float32 ``(N, classes)``.

        Args:
            images: uint8 RGB ``(N, H, W, 3)``, as large as in the classifier's tests.
        """
        return (self.network(self.pixels(images).to(self.dtype), mode='tensor').float(),)

    @torch.no_grad()
    def original(self, images: Tensor) -> dict[str, Tensor]:
        """Return the classifier's own logits."""
        (model,) = self.original_model
        inputs = model.data_preprocessor(dict(inputs=self.as_loaded(images)))['inputs']
        return dict(logits=model(inputs, mode='tensor'))
