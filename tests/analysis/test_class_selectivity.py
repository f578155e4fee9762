"""Class selectivity: the index by hand, means over classes, and the picture."""

import numpy as np
import pytest
import torch
from PIL import Image

from mmcnx2.analysis.block_features import reduce_outputs
from mmcnx2.analysis.class_selectivity import (
    draw_selectivity,
    measure_selectivity,
    selectivity_index,
)
from tests.support.toy import ARCH, make_images, make_net


def test_the_index_of_one_class_of_all_and_of_none():
    means = torch.tensor(
        [[3.0, 1.0, 0.0, 4.0], [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 3.0]], dtype=torch.float64
    )
    # Fourth unit: largest 4, the others' mean 2.
    assert selectivity_index(means).tolist() == pytest.approx([1, 0, 0, (4 - 2) / (4 + 2)])
    with pytest.raises(ValueError, match='compares classes, but there are 1'):
        selectivity_index(means[:1])
    with pytest.raises(ValueError, match='negative somewhere: rectify'):
        selectivity_index(-means)


def test_every_block_equals_the_definition_whatever_the_batches():
    net = make_net(stem_patch_size=2)
    images, labels = make_images(7, 32, 32), [0, 3, 1, 3, 0, 0, 1]  # nothing of class 2
    found = measure_selectivity(net, [(images[:2], labels[:2]), (images[2:], labels[2:])])
    assert [len(stage) for stage in found] == list(ARCH['depths'])
    for stage, blocks in enumerate(reduce_outputs(net, images, torch.clone)):
        for block, maps in enumerate(blocks):
            activity = maps.relu().mean((2, 3)).numpy()
            means = np.stack([activity[np.array(labels) == c].mean(0) for c in (0, 1, 3)])
            for unit, (largest, index) in enumerate(
                zip(means.max(0), found[stage][block].tolist(), strict=True)
            ):
                rest = np.delete(means[:, unit], means[:, unit].argmax()).mean()
                expected = (largest - rest) / (largest + rest) if largest else 0.0
                assert index == pytest.approx(expected, abs=1e-9)
                assert 0 <= index <= 1
    with pytest.raises(ValueError, match='but the pictures are of 1'):
        measure_selectivity(net, [(images, [2] * 7)])


def test_draws_a_panel_a_block_for_models_of_one_depth(tmp_path):
    draw = torch.Generator().manual_seed(0)

    def model(*depths):
        return [[torch.rand(16, generator=draw) for _ in range(depth)] for depth in depths]

    path = tmp_path / 'new/figure.png'
    draw_selectivity({'V2': model(1, 2, 4), 'V1': model(1, 2, 4)}, path, settings='8 pictures')
    pixels = np.asarray(Image.open(path).convert('RGB'))
    for color in ((0, 114, 178), (213, 94, 0)):
        assert (pixels == color).all(2).any(1).sum() > 100, f'{color} is missing'
    with pytest.raises(ValueError, match=r'models have blocks .* draw models of one depth'):
        draw_selectivity({'V2': model(1, 2), 'V1': model(2, 1)}, path)
    with pytest.raises(ValueError, match='no model to draw'):
        draw_selectivity({}, path)
