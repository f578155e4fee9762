"""Two-stage detectors: boxes, scores, classes and masks of one picture."""

from copy import deepcopy

import torch
from mmdet.models.detectors import TwoStageDetector
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.structures import DetDataSample
from torch import Tensor, nn
from torchvision.ops import box_iou, nms, roi_align

from mmcnx2.apis.exporting.paste import paste
from mmcnx2.apis.exporting.program import Deviation, Program

PLAIN_NMS = 0.5
"""IoU threshold of the NMS that takes soft-NMS's place, which has none of that meaning."""


class DetectorProgram(Program):
    """Faster R-CNN or Mask R-CNN with everything that mmdet does behind the network.

    The same computation as mmdet's, without what Python decides by values: levels of the pyramid
    are picked by masks, and proposals are filled up to a fixed number.

    Args:
        model: mmdet's ``TwoStageDetector`` with one head for boxes.
        dtype: float32 or float16. Boxes are computed in float32.

    Raises:
        ValueError: A part of it is of another kind.
    """

    kind = 'detector'
    one_at_a_time = True

    def __init__(self, model: TwoStageDetector, dtype: torch.dtype):
        check_parts(model)
        super().__init__(model, deepcopy(model), dtype)
        self.original_model = [plain_nms(model)]  # in a list: it is no part of the network
        self.outputs = ('boxes', 'scores', 'labels')
        if model.with_mask:
            self.outputs += ('masks',)
        if model.test_cfg.rcnn.nms.get('type', 'nms') != 'nms':
            self.notes.append(
                f'{model.test_cfg.rcnn.nms.type} is replaced by plain NMS with '
                f'iou_threshold={PLAIN_NMS}: ONNX has no other.'
            )
        self.test_cfg = self.original_model[0].test_cfg

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return boxes ``(K, 4)``, scores ``(K,)``, labels and masks, by falling score.

        Args:
            images: uint8 RGB ``(1, H, W, 3)``.

        Returns:
            Boxes as x1, y1, x2, y2 in pixels, float32; scores, float32; labels, int64; of Mask
            R-CNN also masks, bool ``(K, H, W)``.
        """
        height, width = images.shape[1:3]
        maps = self.network.extract_feat(self.pixels(images).to(self.dtype))
        rois, real = self._propose(maps, height, width)
        boxes, scores, labels = self._classify(maps, rois, real, height, width)
        if not self.network.with_mask:
            return boxes, scores, labels
        head = self.network.roi_head
        features = pool(head.mask_roi_extractor, maps[: head.mask_roi_extractor.num_inputs], boxes)
        logits = head.mask_head(features.to(self.dtype)).float()
        if not head.mask_head.class_agnostic:
            picked = labels[:, None, None, None].expand(-1, 1, *logits.shape[2:])
            logits = logits.gather(1, picked)
        pasted = paste(logits[:, 0].sigmoid(), boxes, height, width)
        return boxes, scores, labels, pasted >= self.test_cfg.rcnn.mask_thr_binary

    def _propose(self, maps: tuple[Tensor, ...], height: int, width: int) -> tuple[Tensor, Tensor]:
        """Return ``max_per_img`` proposals ``(R, 4)`` and which of them are real, ``(R,)``."""
        head, cfg = self.network.rpn_head, self.test_cfg.rpn
        classes, deltas = head(maps)
        anchors = head.prior_generator.grid_priors(
            [level.shape[-2:] for level in classes], dtype=torch.float32, device=classes[0].device
        )
        boxes, scores, levels = [], [], []
        for level, (score, delta, prior) in enumerate(zip(classes, deltas, anchors, strict=True)):
            score = score[0].float().permute(1, 2, 0).reshape(-1, head.cls_out_channels)
            score = score.sigmoid() if head.use_sigmoid_cls else score.softmax(-1)[:, :1]
            delta = delta[0].float().permute(1, 2, 0).reshape(-1, 4)
            best = torch.sym_min(cfg.nms_pre, score.shape[0])
            score, chosen = score[:, 0].topk(best)
            boxes.append(head.bbox_coder.decode(prior[chosen], delta[chosen]))
            scores.append(score)
            levels.append(torch.full_like(score, level))
        boxes = clip(torch.cat(boxes), height, width)
        scores, levels = torch.cat(scores), torch.cat(levels)
        sides = boxes[:, 2:] - boxes[:, :2]
        least = cfg.get('min_bbox_size', -1)
        if least >= 0:
            # Apart from all others, and last: what is too small takes nobody's place.
            small = (sides <= least).any(1)
            scores = torch.where(small, -1.0, scores)
            levels = torch.where(small, float(len(maps)), levels)
        kept = by_group(boxes, scores, levels, cfg.nms.iou_threshold)
        # Filled up with zeros to a number that does not depend on the picture.
        kept = torch.cat([kept, kept.new_full((cfg.max_per_img,), -1)])[: cfg.max_per_img]
        real = (kept >= 0) & (scores[kept.clamp(min=0)] >= 0)
        return boxes[kept.clamp(min=0)] * real[:, None], real

    def _classify(
        self, maps: tuple[Tensor, ...], rois: Tensor, real: Tensor, height: int, width: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes, scores and labels of what is found in proposals."""
        roi_head, cfg = self.network.roi_head, self.test_cfg.rcnn
        extractor, head = roi_head.bbox_roi_extractor, roi_head.bbox_head
        features = pool(extractor, maps[: extractor.num_inputs], rois)
        logits, deltas = head(features.to(self.dtype))
        scores = logits.float().softmax(-1)[:, :-1] * real[:, None]
        n, classes = rois.shape[0], scores.shape[1]
        per_roi = 1 if head.reg_class_agnostic else classes
        places = rois[:, None].expand(n, per_roi, 4).reshape(-1, 4)
        boxes = head.bbox_coder.decode(places, deltas.float().reshape(-1, 4))
        boxes = clip(boxes, height, width).reshape(n, per_roi, 4).expand(n, classes, 4)
        likely = (scores.flatten() > cfg.score_thr).nonzero()[:, 0]
        boxes, scores = boxes.reshape(-1, 4)[likely], scores.flatten()[likely]
        labels = likely % classes
        kept = by_group(boxes, scores, labels.float(), cfg.nms.iou_threshold)[: cfg.max_per_img]
        return boxes[kept], scores[kept], labels[kept]

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
        clear = self.test_cfg.rcnn.score_thr + 2 * score
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


def check_parts(model: TwoStageDetector) -> None:
    """Refuse a detector that is not put together as this program computes.

    Raises:
        ValueError: It names the part.
    """
    head = model.roi_head
    _check_kind(model, head, StandardRoIHead)
    _check_kind(model, head.bbox_roi_extractor, SingleRoIExtractor)
    if model.with_mask:
        _check_kind(model, head.mask_roi_extractor, SingleRoIExtractor)
    if head.with_shared_head:
        raise ValueError(
            f'{type(model).__name__} with a shared_head has no export: leave it out, as in a '
            'detector with an FPN.'
        )


def _check_kind(model: TwoStageDetector, part: nn.Module, kind: type) -> None:
    if not isinstance(part, kind):
        raise ValueError(
            f'{type(model).__name__} with {type(part).__name__} has no export: of detectors, those '
            f'of two stages with a {kind.__name__} have one.'
        )


def plain_nms(model: TwoStageDetector) -> TwoStageDetector:
    """Return a copy whose boxes go through plain NMS."""
    model = deepcopy(model).eval()
    for cfg in (model.test_cfg.rpn, model.test_cfg.rcnn):
        if cfg.nms.get('type', 'nms') != 'nms':
            cfg.nms = dict(type='nms', iou_threshold=PLAIN_NMS)
    model.rpn_head.test_cfg, model.roi_head.test_cfg = model.test_cfg.rpn, model.test_cfg.rcnn
    return model


def pool(extractor: SingleRoIExtractor, maps: tuple[Tensor, ...], boxes: Tensor) -> Tensor:
    """Pool every box from the level that its size belongs to, float32 ``(R, C, s, s)``."""
    rois = torch.cat([torch.zeros_like(boxes[:, :1]), boxes], 1)
    levels = extractor.map_roi_levels(rois, len(maps))
    pooled = []
    for level, (features, layer) in enumerate(zip(maps, extractor.roi_layers, strict=True)):
        own = levels == level
        # On other levels a box is a point, which costs one sample.
        pooled.append(
            own[:, None, None, None]
            * roi_align(
                features.float(),
                rois * own[:, None],
                layer.output_size,
                layer.spatial_scale,
                layer.sampling_ratio,
                layer.aligned,
            )
        )
    return torch.stack(pooled).sum(0)


def clip(boxes: Tensor, height: int, width: int) -> Tensor:
    """Return boxes with everything outside the picture cut off."""
    x, y = boxes[:, 0::2].clamp(0, width), boxes[:, 1::2].clamp(0, height)
    return torch.stack([x, y], -1).flatten(1)


def by_group(boxes: Tensor, scores: Tensor, groups: Tensor, iou_threshold: float) -> Tensor:
    """Return the indices that NMS keeps where groups do not meet, by falling score.

    Each group is moved to a place of its own, as in mmcv.
    """
    # A zero beside them, since there may be none.
    far = torch.cat([boxes.flatten(), boxes.new_zeros(1)]).max() + 1
    return nms(boxes + (groups * far)[:, None], scores, iou_threshold)
