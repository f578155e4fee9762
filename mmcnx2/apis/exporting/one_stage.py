"""One-stage detectors: an object at any site of any map, and its mask where there are kernels."""

import torch
from mmdet.models.dense_heads import RTMDetInsHead
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.detectors import SingleStageDetector
from torch import Tensor

from mmcnx2.apis.exporting.boxes import by_group, clip, too_small
from mmcnx2.apis.exporting.detector import DetectorProgram
from mmcnx2.apis.exporting.dynamic_masks import draw_masks
from mmcnx2.apis.exporting.pixels import without_padding


class OneStageProgram(DetectorProgram):
    """RetinaNet, FCOS, ATSS, RTMDet, RTMDet-Ins and others whose heads are read alike.

    Args:
        model: mmdet's ``SingleStageDetector``.
        dtype: float32 or float16. Boxes are computed in float32.

    Raises:
        ValueError: Its head is read in another way.
    """

    def __init__(self, model: SingleStageDetector, dtype: torch.dtype):
        check_head(model)
        super().__init__(model, dtype, with_masks=isinstance(model.bbox_head, RTMDetInsHead))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return boxes ``(K, 4)``, scores ``(K,)``, labels and masks, by falling score.

        Args:
            images: uint8 RGB ``(1, H, W, 3)``.

        Returns:
            Boxes as x1, y1, x2, y2 in pixels, float32; scores, float32; labels, int64; of
            RTMDet-Ins also masks, bool ``(K, H, W)``.
        """
        height, width = images.shape[1:3]
        cfg, head = self.test_cfg, self.network.bbox_head
        maps = self.network.extract_feat(self.pixels(images).to(self.dtype))
        # The third are kernels of masks, or factors of scores, if there is one.
        classes, deltas, *third = head(maps)
        with_masks = 'masks' in self.outputs
        priors = head.prior_generator.grid_priors(
            [level.shape[-2:] for level in classes], dtype=torch.float32, device=classes[0].device
        )
        found = []
        for level, prior in enumerate(priors):
            logits = rows(classes[level], head.cls_out_channels)
            likely = logits.sigmoid() if head.use_sigmoid_cls else logits.softmax(-1)[:, :-1]
            # The best pairs of site and class; those below the threshold go later, all at once.
            n, count = likely.shape[1], torch.sym_min(cfg.nms_pre, likely.numel())
            scores, pairs = likely.flatten().topk(count)
            sites, clear = pairs // n, scores > cfg.get('score_thr', 0)
            boxes = head.bbox_coder.decode(prior[sites], rows(deltas[level], 4)[sites])
            if third and not with_masks:
                scores = scores * rows(third[0][level], 1)[sites, 0].sigmoid()
            each = [boxes, scores, pairs % n, clear]
            if with_masks:
                kernels = rows(third[0][level], head.num_gen_params)[sites]
                stride = torch.full_like(scores, head.prior_generator.strides[level][0])
                each += [kernels, prior[sites], stride]
            found.append(each)
        boxes, scores, labels, clear, *others = (
            torch.cat(each) for each in zip(*found, strict=True)
        )
        if head.bbox_coder.clip_border:
            boxes = clip(boxes, height, width)
        clear = (clear & ~too_small(boxes, cfg)).nonzero()[:, 0]
        kept = by_group(boxes[clear], scores[clear], labels[clear].float(), cfg.nms)
        kept = clear[kept[: cfg.max_per_img]]
        results = boxes[kept], scores[kept], labels[kept]
        if not with_masks:
            return results
        probability = draw_masks(head, third[1][0].float(), *(each[kept] for each in others))
        return *results, without_padding(probability > cfg.mask_thr_binary, height, width)


def check_head(model: SingleStageDetector) -> None:
    """Refuse a head whose maps mean something else than this program takes them for.

    Raises:
        ValueError: It names the head.
    """
    head = getattr(model, 'bbox_head', None)
    usual = RTMDetInsHead if isinstance(head, RTMDetInsHead) else BaseDenseHead
    names = ('predict', 'predict_by_feat', '_predict_by_feat_single', '_bbox_post_process')
    alike = isinstance(head, BaseDenseHead) and all(
        getattr(type(head), name) is getattr(usual, name) for name in names
    )
    if not alike or getattr(head.loss_cls, 'custom_cls_channels', False):
        part = '' if head is None else f' with {type(head).__name__}'
        raise ValueError(
            f'{type(model).__name__}{part} has no export: of detectors of one stage, those that '
            "are read as mmdet's RetinaNet, FCOS, ATSS and RTMDet have one, and of any its "
            'encoder, by part=features.'
        )


def rows(level: Tensor, channels: int) -> Tensor:
    """Return the values of each prior of the only picture's map, float32 ``(P, channels)``."""
    return level[0].float().permute(1, 2, 0).reshape(-1, channels)
