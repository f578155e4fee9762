"""What all exported detectors have: boxes, scores, classes and masks of one picture."""

from copy import deepcopy

import torch
from mmdet.models.detectors import BaseDetector
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from torch import Tensor, nn
from torchvision.ops import box_iou

from mmcnx2.apis.exporting.program import Deviation, Program

PLAIN_NMS = 0.5
"""IoU threshold of the NMS that takes soft-NMS's place, which has none of that meaning."""

COARSEST = 32
"""Pixels a site of the last stage: what a pyramid that doubles its maps needs multiples of."""


class DetectorProgram(Program):
    """A detector with everything that mmdet does behind the network.

    The same computation as mmdet's, without what Python decides by values.

    Args:
        model: mmdet's.
        dtype: float32 or float16. Boxes are computed in float32.
        with_masks: Whether it also finds masks.

    Attributes:
        test_cfg: The model's, with plain NMS.
    """

    kind = 'detector'
    one_at_a_time = True

    def __init__(self, model: BaseDetector, dtype: torch.dtype, *, with_masks: bool):
        model = deepcopy(model).eval()
        notes = [*use_plain_nms(model), *pad_for_doubled_maps(model)]
        super().__init__(model, deepcopy(model), dtype)
        self.original_model = [model]  # in a list: it is no part of the network
        self.notes += notes
        self.outputs = ('boxes', 'scores', 'labels') + (('masks',) if with_masks else ())
        self.test_cfg = model.test_cfg
        priors = (model.rpn_head if 'rpn' in model.test_cfg else model.bbox_head).prior_generator
        coarsest = max(max(stride) for stride in priors.strides)
        self.least = max(self.least, coarsest + self.pixels.divisor)

    @property
    def last_cfg(self) -> ConfigDict:
        """Which of what is found counts: ``score_thr``, ``nms``, ``max_per_img``."""
        return self.test_cfg.get('rcnn', self.test_cfg)

    @torch.no_grad()
    def original(self, images: Tensor) -> dict[str, Tensor]:
        """Return what mmdet's model predicts, with plain NMS in the place of another."""
        (model,) = self.original_model
        size = tuple(images.shape[1:3])
        sample = DetDataSample(
            metainfo=dict(img_shape=size, ori_shape=size, scale_factor=(1.0, 1.0))
        )
        batch = dict(inputs=list(self.as_loaded(images)), data_samples=[sample])
        found = model.test_step(batch)[0].pred_instances
        expected = dict(boxes=found.bboxes, scores=found.scores, labels=found.labels)
        return expected | (dict(masks=found.masks) if 'masks' in self.outputs else {})

    def deviations(self, found, expected) -> list[Deviation]:
        """Compare object by object: the same class, place and score, and the same mask."""
        exact = self.dtype == torch.float32
        least_iou, score = (0.99, 1e-3) if exact else (0.9, 2e-2)
        alike = (
            (found['labels'][:, None] == expected['labels'])
            & ((found['scores'][:, None] - expected['scores']).abs() < score)
            & (box_iou(found['boxes'], expected['boxes']) > least_iou)
        )
        # What is as likely as the threshold may be on either side of it.
        clear = self.last_cfg.score_thr + 2 * score
        lonely = [~alike.any(1) & (found['scores'] > clear),
                  ~alike.any(0) & (expected['scores'] > clear)]  # fmt: skip
        total = max(len(expected['labels']), 1)
        text = f'of {len(expected["labels"])} objects have no counterpart (IoU {least_iou})'
        share = max(int(each.sum()) for each in lonely) / total
        results = [Deviation(text, share, 0.02 if exact else 0.1)]
        if 'masks' in expected and alike.any():
            here, there = alike.nonzero()[:, 0], alike.nonzero()[:, 1]
            other = found['masks'][here] != expected['masks'][there]
            area = expected['masks'][there].flatten(1).sum(1).clamp(min=100)
            share = (other.flatten(1).sum(1) / area).mean().item()
            results.append(
                Deviation("of their masks' pixels differ", share, 1e-3 if exact else 2e-2)
            )
        return results


def use_plain_nms(model: BaseDetector) -> list[str]:
    """Have a detector's boxes go through plain NMS, in place; return what to say of it."""
    notes = []
    two_stages = 'rcnn' in model.test_cfg
    for cfg in (model.test_cfg.rpn, model.test_cfg.rcnn) if two_stages else (model.test_cfg,):
        kind = cfg.nms.get('type', 'nms')
        if kind != 'nms':
            cfg.nms = ConfigDict(type='nms', iou_threshold=PLAIN_NMS)
            notes.append(
                f'{kind} is replaced by plain NMS with iou_threshold={PLAIN_NMS}: ONNX has no '
                'other.'
            )
    if two_stages:
        model.rpn_head.test_cfg, model.roi_head.test_cfg = model.test_cfg.rpn, model.test_cfg.rcnn
    else:
        model.bbox_head.test_cfg = model.test_cfg
    return notes


def pad_for_doubled_maps(model: BaseDetector) -> list[str]:
    """Pad to the stride where a neck doubles maps and pictures come as they are, in place.

    Such models are trained and tested on pictures that their pipelines pad to one size.
    """
    preprocessor = model.data_preprocessor
    doubles = any(isinstance(part, nn.Upsample) for part in model.neck.modules())
    if not doubles or preprocessor.pad_size_divisor % COARSEST == 0:
        return []
    preprocessor.pad_size_divisor = COARSEST
    return [
        f'pictures are padded to multiples of {COARSEST} px with the mean color, which '
        f'{type(model.neck).__name__} needs, not to the size in the pipeline.'
    ]
