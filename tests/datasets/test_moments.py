"""Mean and deviation of channels, an image at a time, are those of all values at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcnx2.datasets.moments import ChannelMoments


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=6),
    offset=st.floats(-1e6, 1e6),
    share=st.floats(0, 0.6),
)
def test_any_images_give_what_numpy_says_of_all_that_counts(sizes, offset, share):
    rng = np.random.default_rng(0)
    images = [offset + rng.normal(0, [1, 30], (*size, 2)) for size in sizes]
    absent = [rng.random(image.shape) < share for image in images]
    moments = ChannelMoments(2)
    for image, missing in zip(images, absent, strict=True):
        moments.add(image, missing)
    for channel in range(2):
        values = np.concatenate(
            [i[..., channel][~m[..., channel]] for i, m in zip(images, absent, strict=True)]
        )
        assert moments.count[channel] == values.size
        assert moments.missing[channel] == sum(m[..., channel].sum() for m in absent)
        if values.size:
            scale = abs(offset) + 30
            assert moments.mean[channel] == pytest.approx(values.mean(), abs=1e-12 * scale)
            assert moments.std[channel] == pytest.approx(values.std(), rel=1e-6, abs=1e-9 * scale)
            assert (moments.minimum[channel], moments.maximum[channel]) == (
                values.min(), values.max(),
            )  # fmt: skip


def test_whole_numbers_neither_wrap_nor_round():
    moments = ChannelMoments(1)
    for _ in range(3):
        moments.add(np.full((300, 300, 1), 65535, np.uint16))
        moments.add(np.full((300, 300, 1), 0, np.uint16))
    assert moments.mean.tolist() == [32767.5] and moments.std.tolist() == [32767.5]


def test_a_channel_without_a_value_has_no_mean():
    moments = ChannelMoments(2)
    moments.add(np.ones((2, 2, 2)), np.array([[[True, False]] * 2] * 2))
    assert np.isnan(moments.mean).tolist() == [True, False] and moments.missing.tolist() == [4, 0]
    assert np.isnan(moments.std).tolist() == [True, False]
