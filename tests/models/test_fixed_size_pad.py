"""Batches are padded as mmdet pads them, with and without masks."""

import torch

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmdet is imported)
from mmcnx2.models.fixed_size_pad import FixedSizePad
from tests.support.batches import make_batch


def test_pads_images_and_masks_as_mmdet_does():
    from mmdet.models.data_preprocessors import BatchFixedSizePad

    padded = []
    for pad in (FixedSizePad((96, 80)), BatchFixedSizePad((96, 80), pad_mask=True)):
        batch = make_batch('mmdet', classes=3)
        images, samples = pad(torch.stack(batch['inputs']).float(), batch['data_samples'])
        assert images.shape == (2, 3, 96, 80)
        masks = torch.stack([torch.from_numpy(s.gt_instances.masks.masks) for s in samples])
        padded.append((images, masks, samples[0].batch_input_shape))
    assert padded[0][0].equal(padded[1][0])
    assert padded[0][1].equal(padded[1][1]) and padded[0][1].shape == (2, 1, 96, 80)
    assert padded[0][2] == padded[1][2] == (96, 80)


def test_boxes_alone_need_no_masks():
    batch = make_batch('mmdet', classes=3)
    for sample in batch['data_samples']:
        del sample.gt_instances.masks
    images = torch.stack(batch['inputs']).float()
    padded, samples = FixedSizePad((96, 80))(images, batch['data_samples'])
    assert padded.shape == (2, 3, 96, 80) and 'masks' not in samples[0].gt_instances


def test_a_batch_that_is_large_enough_stays_as_it_is():
    batch = make_batch('mmdet', classes=3)
    images = torch.stack(batch['inputs']).float()
    padded, samples = FixedSizePad((64, 32))(images, batch['data_samples'])
    assert padded is images and samples[0].gt_instances.masks.masks.shape == (1, 64, 64)
