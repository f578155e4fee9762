"""Masks keep their count, packed equals masked, names convert there and back, at any size."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.models import ConvNeXtV2
from mmcnx2.nn.masking import RandomMasking
from tests.support.closeness import assert_close
from tests.support.toy import make_images, make_visible, randomize

SIDES = st.integers(1, 3)
FEW = settings(max_examples=15, deadline=None, derandomize=True)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.floats(0.01, 0.99))
def test_masks_show_the_same_number_of_patches_in_every_image(n, h, w, ratio):
    masking = RandomMasking(ratio, seed=0)
    if h * w * (1 - ratio) < 1:
        return  # refused with a sentence: tests/nn/test_masking.py
    visible = masking(n, h, w)
    assert visible.shape == (n, h, w)
    assert visible.flatten(1).sum(1).tolist() == [masking.num_visible(h * w)] * n
    assert RandomMasking(ratio, seed=0)(n, h, w).equal(visible)


@FEW
@given(st.integers(1, 3), SIDES, SIDES, st.data())
def test_packed_indexing_computes_what_masked_does(n, h, w, data):
    count = data.draw(st.integers(1, h * w))
    visible = make_visible(n, h, w, count, seed=data.draw(st.integers(0, 99)))
    images = make_images(n, 32 * h, 32 * w)
    arch = dict(depths=(1, 1, 1, 1), channels=(4, 4, 8, 8))
    packed, masked = (
        randomize(ConvNeXtV2(arch, layout=layout, final_norm=False).double())
        for layout in ('packed', 'masked')
    )
    for net in (packed, masked):
        net(images, visible)[0].square().sum().backward()
    with torch.no_grad():
        assert_close('latent', masked(images, visible)[0], packed(images, visible)[0], 1e-10)
    for (name, expected), found in zip(masked.named_parameters(), packed.parameters(), strict=True):
        assert_close(name, expected.grad, found.grad, 1e-9)


@FEW
@given(
    st.tuples(*[st.integers(1, 3)] * 4),
    st.tuples(*[st.integers(1, 6)] * 4),
    st.lists(st.sampled_from(['mmpretrain', 'official', 'timm', 'hf']), min_size=1, max_size=4),
)
def test_names_convert_there_and_back_by_any_way(depths, channels, way):
    channels = tuple(8 * c for c in channels)
    model = randomize(ConvNeXtV2(dict(depths=depths, channels=channels)))
    state = model.state_dict()
    converted = state
    for dialect in way:
        converted = convert_state_dict(converted, to=dialect)
    back = convert_state_dict(converted, to='mmcnx2')
    back = {name.removeprefix('backbone.'): value for name, value in back.items()}
    assert back.keys() == state.keys(), way
    for name, value in state.items():
        assert torch.equal(back[name], value), f'{" -> ".join(way)}: {name}'
