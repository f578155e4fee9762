"""A layout that cannot serve a mask says so in one sentence."""

import pytest
import torch

from mmcnx2.nn.layouts import get_layout
from tests.support.toy import make_images, make_net


def test_unknown_layout_lists_the_known_ones():
    with pytest.raises(ValueError, match="'sparse' is unknown: use one of dense, masked, packed"):
        get_layout('sparse')


def test_packed_refuses_different_numbers_of_visible_patches():
    visible = torch.tensor([[[True, True, False]], [[True, False, False]]])
    with pytest.raises(ValueError, match=r'same number of visible patches.*\[2, 1\]'):
        make_net(layout='packed')(make_images(2, 32, 96), visible)


def test_packed_refuses_a_mask_that_shows_nothing():
    visible = torch.zeros(2, 1, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match=r'at least 1.*\[0, 0\]'):
        make_net(layout='packed')(make_images(2, 32, 96), visible)


def test_masked_takes_different_numbers_of_visible_patches():
    visible = torch.tensor([[[True, True, False]], [[True, False, False]]])
    latent = make_net(layout='masked')(make_images(2, 32, 96), visible)
    assert torch.equal(latent.abs().sum(1) > 0, visible)


def test_dense_refuses_to_hide():
    visible = torch.tensor([[[True, False]]])
    with pytest.raises(ValueError, match='cannot hide patches, but visible hides 1 of 2'):
        make_net(layout='dense')(make_images(1, 32, 64), visible)
