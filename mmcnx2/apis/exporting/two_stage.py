"""Two-stage detectors: proposals, and what is in each of them."""

from collections.abc import Sequence

import torch
from mmdet.models.detectors import TwoStageDetector
from mmdet.models.roi_heads import CascadeRoIHead, StandardRoIHead
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from torch import Tensor, nn
from torchvision.ops import roi_align

from mmcnx2.apis.exporting.boxes import by_group, clip, too_small
from mmcnx2.apis.exporting.detector import DetectorProgram
from mmcnx2.apis.exporting.paste import paste


class TwoStageProgram(DetectorProgram):
    """Faster R-CNN, Mask R-CNN and their cascades.

    Levels of the pyramid are picked by masks, and proposals are filled up to a fixed number.

    Args:
        model: mmdet's ``TwoStageDetector``.
        dtype: float32 or float16. Boxes are computed in float32.

    Raises:
        ValueError: A part of it is of a kind that computes in another way.
    """

    def __init__(self, model: TwoStageDetector, dtype: torch.dtype):
        check_parts(model)
        super().__init__(model, dtype, with_masks=model.with_mask)

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
        if 'masks' not in self.outputs:
            return boxes, scores, labels
        masks = paste(self._masks(maps, boxes, labels), boxes, height, width)
        return boxes, scores, labels, masks >= self.last_cfg.mask_thr_binary

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
        # Apart from all others, and last: what is too small takes nobody's place.
        small = too_small(boxes, cfg)
        scores = torch.where(small, -1.0, torch.cat(scores))
        levels = torch.where(small, float(len(maps)), torch.cat(levels))
        kept = by_group(boxes, scores, levels, cfg.nms)
        # Filled up with zeros to a number that does not depend on the picture.
        kept = torch.cat([kept, kept.new_full((cfg.max_per_img,), -1)])[: cfg.max_per_img]
        real = (kept >= 0) & (scores[kept.clamp(min=0)] >= 0)
        return boxes[kept.clamp(min=0)] * real[:, None], real

    def _classify(
        self, maps: tuple[Tensor, ...], rois: Tensor, real: Tensor, height: int, width: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes, scores and labels of what is found in proposals."""
        cfg, roi_head = self.last_cfg, self.network.roi_head
        heads = stages(roi_head.bbox_head)
        logits = []
        for extractor, head in zip(stages(roi_head.bbox_roi_extractor), heads, strict=True):
            features = pool(extractor, maps[: extractor.num_inputs], rois)
            classes, deltas = head(features.to(self.dtype))
            logits.append(classes.float())
            boxes = decode(head, rois, deltas.float(), classes.shape[1] - 1, height, width)
            # The next one of a cascade looks where this one would see the likeliest class.
            likeliest = logits[-1][:, :-1].argmax(1)
            rois = boxes[torch.arange(likeliest.shape[0]), likeliest]
        scores = (sum(logits) / len(logits)).softmax(-1)[:, :-1] * real[:, None]
        likely = (scores.flatten() > cfg.score_thr).nonzero()[:, 0]
        boxes, scores = boxes.reshape(-1, 4)[likely], scores.flatten()[likely]
        labels = likely % heads[-1].num_classes
        kept = by_group(boxes, scores, labels.float(), cfg.nms)[: cfg.max_per_img]
        return boxes[kept], scores[kept], labels[kept]

    def _masks(self, maps: tuple[Tensor, ...], boxes: Tensor, labels: Tensor) -> Tensor:
        """Return the probability of each object's cells, ``(K, m, m)``: of a cascade, the mean."""
        roi_head = self.network.roi_head
        found = []
        for extractor, head in zip(
            stages(roi_head.mask_roi_extractor), stages(roi_head.mask_head), strict=True
        ):
            features = pool(extractor, maps[: extractor.num_inputs], boxes)
            logits = head(features.to(self.dtype)).float()
            if not head.class_agnostic:
                picked = labels[:, None, None, None].expand(-1, 1, *logits.shape[2:])
                logits = logits.gather(1, picked)
            found.append(logits[:, 0].sigmoid())
        return sum(found) / len(found)


def check_parts(model: TwoStageDetector) -> None:
    """Refuse a detector that is not put together as this program computes.

    Raises:
        ValueError: It names the part.
    """
    head = model.roi_head
    # Their subclasses are other methods.
    if type(head) not in (StandardRoIHead, CascadeRoIHead):
        raise _no_export(model, head)
    extractors = [*stages(head.bbox_roi_extractor)]
    if model.with_mask:
        extractors += stages(head.mask_roi_extractor)
    for extractor in extractors:
        if not isinstance(extractor, SingleRoIExtractor):
            raise _no_export(model, extractor)
    if head.with_shared_head:
        raise ValueError(
            f'{type(model).__name__} with a shared_head has no export: leave it out, as in a '
            'detector with an FPN.'
        )


def _no_export(model: TwoStageDetector, part: nn.Module) -> ValueError:
    return ValueError(
        f'{type(model).__name__} with {type(part).__name__} has no export: of detectors of two '
        'stages, those with a StandardRoIHead or a CascadeRoIHead and a SingleRoIExtractor have '
        'one, and of any its encoder, by part=features.'
    )


def stages(part: nn.Module) -> Sequence[nn.Module]:
    """Return the parts of a cascade in their order, or the only one of another detector."""
    return part if isinstance(part, nn.ModuleList) else [part]


def decode(
    head: nn.Module, rois: Tensor, deltas: Tensor, classes: int, height: int, width: int
) -> Tensor:
    """Return where each class would be in each proposal, ``(R, classes, 4)``.

    Args:
        head: One for boxes.
        rois: Proposals ``(R, 4)``.
        deltas: ``(R, 4)`` for all classes alike, or ``(R, 4 * classes)``.
        classes: How many there are.
        height: Of the picture.
        width: Of the picture.
    """
    n, different = rois.shape[0], 1 if head.reg_class_agnostic else classes
    places = rois[:, None].expand(n, different, 4).reshape(-1, 4)
    boxes = clip(head.bbox_coder.decode(places, deltas.reshape(-1, 4)), height, width)
    return boxes.reshape(n, different, 4).expand(n, classes, 4)


def pool(extractor: SingleRoIExtractor, maps: tuple[Tensor, ...], boxes: Tensor) -> Tensor:
    """Pool every box from the level that its size belongs to, float32 ``(R, C, s, s)``."""
    rois = torch.cat([torch.zeros_like(boxes[:, :1]), boxes], 1)
    levels = extractor.map_roi_levels(rois, len(maps))
    # In an empty box nothing is sampled, which is 0 in torch and 0 / 0 in OpenVINO.
    empty = (boxes[:, 2:] <= boxes[:, :2]).any(1)
    pooled = []
    for level, (features, layer) in enumerate(zip(maps, extractor.roi_layers, strict=True)):
        own = (levels == level) & ~empty
        # On other levels a box is a single site, which costs a sample a cell.
        site = rois.new_tensor([0, 0, 0, 1, 1]) / layer.spatial_scale
        pooled.append(
            own[:, None, None, None]
            * roi_align(
                features.float(),
                torch.where(own[:, None], rois, site),
                layer.output_size,
                layer.spatial_scale,
                layer.sampling_ratio,
                layer.aligned,
            )
        )
    return torch.stack(pooled).sum(0)
