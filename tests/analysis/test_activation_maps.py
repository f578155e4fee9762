"""Activation maps: which ones are taken, and that the picture shows them."""

import numpy as np
import pytest
import torch
from PIL import Image

from mmcnx2.analysis.activation_maps import draw_activation_maps, expanded_maps, spread_channels
from mmcnx2.analysis.block_features import reduce_expanded
from tests.support.toy import make_images, make_net


def test_takes_the_channels_of_the_block_that_was_asked_for():
    net, image = make_net(), make_images(1, 64, 64)
    every = reduce_expanded(net, image, torch.clone)
    maps = expanded_maps(net, image, stage=2, block=1, channels=[40, 3])
    assert torch.equal(maps, every[1][0][0, [40, 3]])
    assert not torch.equal(maps, every[1][1][0, [40, 3]])
    assert torch.equal(
        expanded_maps(net, image, stage=2, block=-1), expanded_maps(net, image, stage=2, block=2)
    )
    # Stage 3 has 64 expanded channels, stage 1 half of that: all are taken.
    assert torch.equal(expanded_maps(net, image, stage=3, block=1), every[2][0][0])
    assert torch.equal(expanded_maps(net, image, stage=1, block=1), every[0][0][0])


def test_default_channels_lie_at_equal_distances():
    assert spread_channels(512) == list(range(0, 512, 8))
    assert spread_channels(100, 3) == [0, 33, 66]
    assert spread_channels(5) == [0, 1, 2, 3, 4]
    assert len(set(spread_channels(65))) == 64


@pytest.mark.parametrize(
    'options, sentence',
    [
        (dict(stage=5, block=1), 'stage 5 does not exist: take one of 1 to 4'),
        (dict(stage=2, block=0), 'stage 2 has no block 0: take one of 1 to 2'),
        (dict(stage=2, block=-3), 'stage 2 has no block -3'),
        (dict(stage=1, block=1, channels=[32]), 'channel 32 does not exist: take 0 to 31'),
    ],
)
def test_what_does_not_exist_is_one_sentence(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        expanded_maps(make_net(), make_images(1, 32, 32), **options)


def test_a_dead_channel_is_dark_and_a_saturated_one_bright(tmp_path):
    path = tmp_path / 'new/figure.png'
    maps = torch.full((64, 4, 4), 0.0)
    maps[32:] = 1.0
    draw_activation_maps({'half dead': maps}, path, settings='stage 3')
    pixels = np.asarray(Image.open(path).convert('RGB')).reshape(-1, 3)
    dark, bright = ((pixels == color).all(1).sum() for color in ((68, 1, 84), (253, 231, 36)))
    assert dark > 50_000 and dark == pytest.approx(bright, rel=0.1)


def test_two_models_and_the_input_side_by_side(tmp_path):
    picture = np.full((32, 32, 3), (255, 0, 0), np.uint8)
    panels = {'V2': torch.rand(64, 14, 14), 'V1': torch.rand(10, 7, 7)}
    draw_activation_maps(panels, tmp_path / 'a.png', picture=picture)
    pixels = np.asarray(Image.open(tmp_path / 'a.png').convert('RGB'))
    red = (pixels == (255, 0, 0)).all(2)
    assert red.sum() > 10_000 and not red[:, pixels.shape[1] // 3 :].any()
    with pytest.raises(ValueError, match='V2 has 65 maps: a panel holds 1 to 64'):
        draw_activation_maps({'V2': torch.rand(65, 2, 2)}, tmp_path / 'a.png')
    with pytest.raises(ValueError, match='no model to draw'):
        draw_activation_maps({}, tmp_path / 'a.png')
