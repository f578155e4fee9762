"""The averaged features of a backbone on labelled images, for k-NN evaluation."""

from collections.abc import Callable, Iterable

import torch
from mmengine.dist import all_gather
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmcnx2.datasets.guard import guard_data
from mmcnx2.engine.batches import inner_model
from mmcnx2.processes.loading import let_parent_decide

CROP_RATIO = 224 / 256


def middle_of_image(size: int, *, closer: float = 1.0) -> list[dict]:
    """Return mmpretrain's transforms from a file to the middle of its image, of ImageNet's test.

    Args:
        size: Side of the result, in pixels.
        closer: Share of that middle's side that is seen, as large as the whole would be.
    """
    resize = round(size / CROP_RATIO / closer)
    return [
        dict(type='mmcnx2.LoadImageFromFile'),
        dict(type='ResizeEdge', scale=resize, backend='pillow', interpolation='bicubic'),
        dict(type='CenterCrop', crop_size=size),
        dict(type='PackInputs'),
    ]


def labelled_images(
    dataset: dict,
    *,
    size: int = 224,
    batch_size: int = 64,
    num_workers: int = 2,
    max_unreadable: float | None = None,
) -> DataLoader:
    """Build a loader over mmpretrain's labelled images, in order; distributed if processes are.

    Args:
        dataset: Its config. Without a ``pipeline`` images are resized and the middle is cropped, as
            in the ImageNet test.
        size: Side in pixels of what the default pipeline gives.
        batch_size: Images a step, of each process.
        num_workers: Loading processes; in training they leave signals to the run, too.
        max_unreadable: None names the first image that cannot be read, and ends with it; up to this
            share of them is replaced by others, which the log names.
    """
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        loader = Runner.build_dataloader(
            dict(
                dataset=dict(dict(pipeline=middle_of_image(size)), **dataset),
                batch_size=batch_size,
                num_workers=num_workers,
                sampler=dict(type='DefaultSampler', shuffle=False),
                collate_fn=dict(type='default_collate'),
            ),
            seed=0,  # nothing is drawn, and without one the sampler would draw a seed from numpy's
        )
    let_parent_decide(loader)
    guard_data(loader.dataset, max_unreadable)
    return loader


@torch.no_grad()
def extract_features(
    model: BaseModel,
    loader: DataLoader,
    *,
    progress: Callable[[Iterable], Iterable] = iter,
) -> tuple[Tensor, Tensor]:
    """Compute the last stage's map of each image, averaged over space.

    Args:
        model: With ``backbone`` and ``data_preprocessor``; classifiers and FCMAE alike, wrapped for
            distributed training or not. It computes densely, in evaluation mode, and is left in
            the mode that it was in.
        loader: Loader of :func:`labelled_images`.
        progress: Wraps the loader to show how far it is.

    Returns:
        Float32 ``(n, C)`` and int64 ``(n,)`` in the data set's order, on the model's device, the
        same in all processes.
    """
    model = inner_model(model)
    was_training = model.training
    model.eval()
    features, labels = [], []
    for batch in progress(loader):
        batch = model.data_preprocessor(batch, False)
        maps = model.backbone(batch['inputs'])[-1]
        features.append((maps.mean((2, 3)) if maps.ndim == 4 else maps).float())
        labels.extend(sample.gt_label for sample in batch['data_samples'])
    model.train(was_training)
    count = len(loader.dataset)
    return _in_order(torch.cat(features), count), _in_order(torch.cat(labels), count)


def _in_order(shard: Tensor, count: int) -> Tensor:
    """Undo the sampler: process r of R holds samples r, r + R, ..., the last ones repeated."""
    return torch.stack(all_gather(shard), 1).flatten(0, 1)[:count]
