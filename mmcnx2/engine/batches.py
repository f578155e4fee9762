"""What hooks need of a run: the model inside its wrappers, and the images of a batch."""

from mmengine.model import BaseModel, is_model_wrapper
from torch import Tensor


def inner_model(model: BaseModel) -> BaseModel:
    """Return the model itself, wrapped for distributed training or not."""
    return model.module if is_model_wrapper(model) else model


def images_of(model: BaseModel, data_batch: dict) -> Tensor:
    """Return a batch's images as the model gets them, ``(N, C, H, W)``, the first view of several.

    Args:
        model: Not wrapped, with a ``data_preprocessor``.
        data_batch: Of the data loader.
    """
    images = model.data_preprocessor(data_batch, False)['inputs']
    return images[0] if isinstance(images, list) else images
