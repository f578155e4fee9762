"""Segmentors: the class of every pixel."""

from copy import deepcopy

import torch
from mmengine.config import ConfigDict
from mmseg.models.segmentors import EncoderDecoder
from mmseg.structures import SegDataSample
from torch import Tensor

from mmcnx2.apis.exporting.adaptive_pool import replace_adaptive_pools
from mmcnx2.apis.exporting.pixels import without_padding
from mmcnx2.apis.exporting.program import Deviation, Program


class SegmentorProgram(Program):
    """A segmentor with normalization, padding and the choice of classes inside.

    Args:
        model: mmseg's ``EncoderDecoder``.
        dtype: float32 or float16.
    """

    kind = 'segmentor'
    outputs = ('labels', 'scores')

    def __init__(self, model: EncoderDecoder, dtype: torch.dtype):
        network = deepcopy(model)
        network.auxiliary_head = None  # it helps training alone
        replace_adaptive_pools(network)
        super().__init__(model, network, dtype)
        whole = deepcopy(model).eval()
        if model.test_cfg.mode != 'whole':
            whole.test_cfg = ConfigDict(mode='whole')
            self.notes.append(
                f"test_cfg.mode='{model.test_cfg.mode}' is replaced by 'whole': a picture goes in "
                'as one.'
            )
        self.original_model = [whole]  # in a list: it is no part of the network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the likeliest class of each pixel, int64 ``(N, H, W)``, and its probability.

        Args:
            images: uint8 RGB ``(N, H, W, 3)``.
        """
        height, width = images.shape[1:3]
        x = self.pixels(images).to(self.dtype)
        meta = dict(img_shape=x.shape[2:])
        logits = self.network.encode_decode(x, [meta]).float()
        if logits.shape[1] == 1:  # one class and what is not it
            score = logits[:, 0].sigmoid()
            labels = score > self.network.decode_head.threshold
            labels, scores = labels.long(), torch.where(labels, score, 1 - score)
        else:
            scores, labels = logits.softmax(1).max(1)
        return without_padding(labels, height, width), without_padding(scores, height, width)

    @torch.no_grad()
    def original(self, images: Tensor) -> dict[str, Tensor]:
        """Return what mmseg's model predicts of whole pictures."""
        (model,) = self.original_model
        size = tuple(images.shape[1:3])
        samples = [SegDataSample(metainfo=dict(img_shape=size, ori_shape=size)) for _ in images]
        found = model.test_step(dict(inputs=list(self.as_loaded(images)), data_samples=samples))
        labels = torch.stack([each.pred_sem_seg.data[0].long() for each in found])
        values = torch.stack([each.seg_logits.data for each in found])
        # Of one class mmseg gives the probability, of several their logits.
        likely = torch.cat([1 - values, values], 1) if values.shape[1] == 1 else values.softmax(1)
        return dict(labels=labels, likely=likely)

    def deviations(self, found, expected) -> list[Deviation]:
        """Count pixels of a class that the original finds clearly less likely than its own."""
        exact = self.dtype == torch.float32
        clear = 1e-4 if exact else 2e-2
        own, other = (expected['likely'].gather(1, labels[:, None])
                      for labels in (expected['labels'], found['labels']))  # fmt: skip
        share = (own - other > clear).float().mean().item()
        text = f'of the pixels have a class that is less likely by {clear:g}'
        return [Deviation(text, share, 1e-3 if exact else 1e-2)]
