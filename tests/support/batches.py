"""Random batches of two images in each toolbox's words, for one training step."""

import numpy as np
import torch


def make_batch(scope: str, *, classes: int, size: int = 64) -> dict:
    """Draw what a data loader of the scope would give.

    Args:
        scope: A config's ``default_scope``.
        classes: Number of classes; 0 for no labels.
        size: Height and width in pixels.

    Returns:
        ``inputs``, two uint8 images ``(3, size, size)``, and their ``data_samples``.
    """
    generator = torch.Generator().manual_seed(0)
    images = [
        torch.randint(256, (3, size, size), dtype=torch.uint8, generator=generator)
        for _ in range(2)
    ]
    make = dict(mmpretrain=_labelled, mmdet=_with_objects, mmseg=_with_labels)[scope]
    samples = [make(classes, size) for _ in images]
    return dict(inputs=torch.stack(images) if scope == 'mmpretrain' else images,
                data_samples=samples)  # fmt: skip


def _labelled(classes, size):
    from mmpretrain.structures import DataSample

    sample = DataSample()
    return sample.set_gt_label(classes - 1) if classes else sample


def _with_objects(classes, size):
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks
    from mmengine.structures import InstanceData

    mask = np.zeros((1, size, size), np.uint8)
    mask[0, 8:40, 8:40] = 1
    shape = dict(img_shape=(size, size), ori_shape=(size, size), scale_factor=(1.0, 1.0))
    return DetDataSample(
        metainfo=dict(shape, batch_input_shape=(size, size), pad_shape=(size, size)),
        gt_instances=InstanceData(
            bboxes=torch.tensor([[8.0, 8.0, 40.0, 40.0]]),
            labels=torch.tensor([classes - 1]),
            masks=BitmapMasks(mask, size, size),
        ),
        ignored_instances=InstanceData(bboxes=torch.empty(0, 4)),
    )


def _with_labels(classes, size):
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    labels = torch.arange(size * size).view(1, size, size) % classes
    return SegDataSample(
        metainfo=dict(img_shape=(size, size), ori_shape=(size, size)),
        gt_sem_seg=PixelData(data=labels),
    )
