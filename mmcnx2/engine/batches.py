"""What hooks need of a run: the model inside its wrappers, its weights, the images of a batch."""

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.model import BaseModel, is_model_wrapper
from torch import Tensor
from torch.distributed.fsdp import FSDPModule


def inner_model(model: BaseModel) -> BaseModel:
    """Return the model itself, wrapped for distributed training or not."""
    return model.module if is_model_wrapper(model) else model


def images_of(model: BaseModel, data_batch: dict) -> Tensor:
    """Return a batch's images as the model gets them, ``(N, C, H, W)``, the first view of several.

    Args:
        model: Not wrapped, with a ``data_preprocessor``.
        data_batch: Batch of the data loader.
    """
    images = model.data_preprocessor(data_batch, False)['inputs']
    return images[0] if isinstance(images, list) else images


def files_of(data_batch: dict) -> list[str]:
    """Return the paths of a batch's images, as far as its samples know them.

    Args:
        data_batch: Batch of the data loader.
    """
    samples = data_batch.get('data_samples') if isinstance(data_batch, dict) else None
    return [sample.img_path for sample in samples or () if 'img_path' in sample]


@contextmanager
def gathered(model: BaseModel) -> Iterator[None]:
    """Within, the weights that belong to no block and not to the encoder are whole.

    Where weights are shared out over processes (FSDP2), calling the model gathers these; calling
    its decoder alone does not. All processes must take part. Elsewhere it does nothing.

    Args:
        model: Not wrapped.
    """
    if not isinstance(model, FSDPModule):
        yield
        return
    model.unshard()
    try:
        yield
    finally:
        model.reshard()
