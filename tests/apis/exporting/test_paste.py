"""Masks lie where mmdet's sampling of a grid puts them."""

import torch
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask

from mmcnx2.apis.exporting.paste import paste


def test_equals_mmdets():
    masks = torch.rand(3, 28, 28, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor([[3.2, 4.0, 30.7, 20.1], [0.0, 0.0, 50.0, 40.0], [10.0, 10.0, 11.0, 39.0]])
    expected, _ = _do_paste_mask(masks[:, None], boxes, 40, 50, skip_empty=False)
    torch.testing.assert_close(paste(masks, boxes, 40, 50), expected, atol=1e-4, rtol=0)


def test_an_empty_box_and_no_box_have_no_pixels():
    nothing = paste(torch.ones(1, 28, 28), torch.tensor([[5.0, 5.0, 5.0, 5.0]]), 9, 9)
    assert not (nothing >= 0.5).any()
    assert paste(torch.ones(0, 28, 28), torch.zeros(0, 4), 9, 8).shape == (0, 9, 8)
