"""The diversity of features: the fast formula against the double sum that defines it."""

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mmcnx2.analysis.block_features import reduce_expanded, reduce_outputs
from mmcnx2.analysis.feature_diversity import (
    dead_channels,
    draw_diversity,
    mean_cosine_distance,
    measure_diversity,
)
from mmcnx2.nn.patches import upsample
from tests.support.closeness import assert_close
from tests.support.operations import draw
from tests.support.toy import ARCH, make_images, make_net, make_visible, randomize


def double_loop(maps: torch.Tensor) -> torch.Tensor:
    """The definition, pair by pair; pairs with a channel of zeros count 0."""
    distances = []
    for image in maps.flatten(2):
        total = 0.0
        for one in image:
            for other in image:
                norms = one.norm() * other.norm()
                total += (1 - one @ other / norms) / 2 if norms > 0 else 0.0
        distances.append(total / len(image) ** 2)
    return torch.stack(distances)


@pytest.mark.parametrize(
    'shape',
    [(3, 7, 5, 3), (1, 1, 4, 4), (2, 13, 1, 1), (2, 40, 7, 2)],
    ids=['odd', 'one-channel', 'one-site', 'more-channels-than-sites'],
)
def test_equals_the_double_loop(shape):
    maps = draw(*shape, seed=1) + 0.5
    assert_close('distance', double_loop(maps) + 1, mean_cosine_distance(maps) + 1, 1e-12)


def test_a_channel_of_zeros_adds_no_diversity():
    maps = draw(2, 6, 3, 3, seed=2)
    maps[0, 1] = maps[0, 4] = maps[1, 5] = 0
    assert_close('distance', double_loop(maps), mean_cosine_distance(maps), 1e-12)
    assert dead_channels(maps).tolist() == pytest.approx([2 / 6, 1 / 6])
    nothing = mean_cosine_distance(torch.zeros(2, 6, 3, 3))
    assert nothing.tolist() == [0, 0], 'a dead network is no diverse one'


def test_ranges_from_collapsed_to_orthogonal_whatever_the_scale():
    same = draw(1, 1, 4, 4, seed=3).expand(1, 9, 4, 4) * torch.rand(1, 9, 1, 1)
    assert mean_cosine_distance(same).item() == pytest.approx(0, abs=1e-12)
    orthogonal = torch.eye(16, dtype=torch.float64).view(1, 16, 4, 4)
    assert mean_cosine_distance(orthogonal).item() == pytest.approx((1 - 1 / 16) / 2)
    opposite = torch.stack([same[0, 0], -same[0, 0]])[None]
    assert mean_cosine_distance(opposite).item() == pytest.approx(0.5)
    maps = draw(1, 8, 3, 5, seed=4)
    scales = torch.logspace(-30, 30, 8).view(1, 8, 1, 1)  # squares overflow float32
    scaled = mean_cosine_distance((maps * scales).float())
    assert_close('distance', mean_cosine_distance(maps).float(), scaled, 1e-5)


@pytest.mark.parametrize('grn', [True, False], ids=['V2', 'V1'])
def test_expanded_features_follow_gelu_in_v1_and_grn_in_v2(grn):
    net = make_net(use_grn=grn, layer_scale_init_value=0.0 if grn else 1e-6)
    images = make_images(2, 64, 96)
    found = reduce_expanded(net, images, torch.clone)
    assert [len(stage) for stage in found] == list(ARCH['depths'])
    # The first block by hand, in channels-first form.
    block, stem = net.stages[0][0], net.downsample_layers[0]
    x = stem[1](F.conv2d(images, stem[0].weight, stem[0].bias, stride=4).permute(0, 2, 3, 1))
    conv = block.depthwise_conv
    x = F.conv2d(x.permute(0, 3, 1, 2), conv.weight, conv.bias, padding=3, groups=len(conv.weight))
    x = F.gelu(block.pointwise_conv1(block.norm(x.permute(0, 2, 3, 1))))
    if grn:
        norm = x.norm(dim=(1, 2), keepdim=True)
        x = x + block.grn.beta + block.grn.gamma * x * norm / (norm.mean(-1, keepdim=True) + 1e-6)
    assert_close('expanded', x.permute(0, 3, 1, 2), found[0][0], 1e-10)
    assert found[3][0].shape == (2, 4 * 24, 2, 3)


def test_outputs_are_those_of_the_stages():
    net = make_net(out_indices=(0, 1, 2, 3), final_norm=False)
    images = make_images(1, 64, 64)
    outputs = reduce_outputs(net, images, torch.clone)
    for stage, maps in enumerate(net(images)):
        assert_close(f'stage {stage}', maps, outputs[stage][-1], 1e-12)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules()), 'hooks stay'


def test_under_a_mask_hidden_sites_do_not_count_in_any_layout():
    images, visible = make_images(2, 96, 64), make_visible(2, 3, 2, count=2)
    masked, packed = (
        measure_diversity(make_net(layout=layout), [images], visible=visible)
        for layout in ('masked', 'packed')
    )
    assert packed.curve == pytest.approx(masked.curve, rel=1e-9)
    garbage = images.clone()
    hidden = upsample((~visible), 32)
    garbage.permute(0, 2, 3, 1)[hidden] = 1e3
    again = measure_diversity(make_net(layout='masked'), [garbage], visible=visible)
    assert again.curve == pytest.approx(masked.curve, rel=1e-9)
    assert masked.curve != pytest.approx(measure_diversity(make_net(), [images]).curve, rel=1e-3)


def test_averages_over_images_not_batches_and_leaves_the_mode_alone():
    net = randomize(make_net(drop_path_rate=0.9).train())
    images = make_images(3, 32, 32)
    parts = measure_diversity(net, [images[:2], images[2:]])
    alone = [measure_diversity(net, [image[None]]).curve for image in images]
    assert net.training and net.stages[0][0].training
    assert parts.images == 3
    assert parts.curve == pytest.approx([sum(v) / 3 for v in zip(*alone, strict=True)])
    assert parts.stages[1] == pytest.approx(sum(parts.distances[1]) / 2)
    assert all(0 < value < 0.5 for value in parts.curve)
    with pytest.raises(ValueError, match='there are no images'):
        measure_diversity(net, [])


def test_draws_models_of_different_depth(tmp_path):
    path = tmp_path / 'new' / 'figure.png'
    draw_diversity({'V2': [0.4, 0.45, 0.4], 'V1': [0.4, 0.1]}, path, settings='8 pictures')
    colors = Image.open(path).convert('RGB').getcolors(1 << 20)
    present = {color for _, color in colors}
    assert {(0, 114, 178), (213, 94, 0)} <= present, 'a line is missing'
    with pytest.raises(ValueError, match='no model to draw'):
        draw_diversity({}, path)
