"""Any number of channels and any dtype for pre-training, classes, objects and masks."""

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmengine.structures import BaseDataElement

SCOPES = {
    'SelfSupDataPreprocessor': 'mmpretrain',
    'ClsDataPreprocessor': 'mmpretrain',
    'DetDataPreprocessor': 'mmdet',
    'SegDataPreProcessor': 'mmseg',
}
TURN = {
    'SelfSupDataPreprocessor': 'to_rgb',
    'ClsDataPreprocessor': 'to_rgb',
    'DetDataPreprocessor': 'bgr_to_rgb',
    'SegDataPreProcessor': 'bgr_to_rgb',
}
DTYPES = ['uint8', 'uint16', 'int16', 'float16', 'float32']


def build(name: str, *, of: str = 'mmcnx2', **options):
    scope = SCOPES[name]
    pytest.importorskip(dict(mmseg='mmseg').get(scope, scope))
    if scope in ('mmdet', 'mmseg'):
        __import__(f'mmcnx2.models.preprocessors.{scope}')
    init_default_scope(scope)
    options = {TURN[name]: True} | options
    return MODELS.build(
        dict(type=f'{of}.{name}' if of == 'mmcnx2' else f'{scope}.{name}', **options)
    )


def run(preprocessor, images: torch.Tensor) -> torch.Tensor:
    """Run it as its toolbox does: on a batch, or on a list of images."""
    batched = type(preprocessor).__name__ in ('SelfSupDataPreprocessor', 'ClsDataPreprocessor')
    samples = None if batched else [BaseDataElement() for _ in images]
    inputs = images if batched else list(images)
    return preprocessor(dict(inputs=inputs, data_samples=samples), False)['inputs']


def draw(channels: int, dtype: str) -> np.ndarray:
    values = np.random.default_rng(0).random((2, channels, 32, 64)) * 4000
    return values.clip(0, 255 if dtype == 'uint8' else 4000).astype(dtype)


@pytest.mark.parametrize('name', SCOPES)
@pytest.mark.parametrize('channels', [1, 2, 3, 4, 13])
@pytest.mark.parametrize('dtype', DTYPES)
def test_normalizes_each_channel_in_float32_as_numpy_does(name, channels, dtype):
    mean = [100.0 + 7 * i for i in range(channels)]
    std = [50.0 + i for i in range(channels)]
    images = draw(channels, dtype)
    found = run(build(name, mean=mean, std=std), torch.from_numpy(images))
    in_order = images[:, ::-1] if channels == 3 else images  # three come in OpenCV's order
    expected = (in_order.astype(np.float64) - np.reshape(mean, (-1, 1, 1))) / np.reshape(
        std, (-1, 1, 1)
    )
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('name', SCOPES)
def test_color_of_eight_bits_is_the_toolboxs_to_the_bit(name):
    options = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
    images = torch.from_numpy(draw(3, 'uint8'))
    ours, theirs = (run(build(name, of=of, **options), images) for of in ('mmcnx2', 'toolbox'))
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize('name', SCOPES)
def test_images_of_other_channels_are_refused_not_stretched_or_cut(name):
    images = torch.from_numpy(draw(1, 'uint16'))
    with pytest.raises(ValueError, match='have 1 channels, but 13 are expected, as mean and std'):
        run(build(name, mean=[1.0] * 13, std=[1.0] * 13), images)
    with pytest.raises(
        ValueError, match='have 13 channels, but 3 are expected, as they are turned'
    ):
        run(build(name), torch.from_numpy(draw(13, 'uint16')))


@pytest.mark.parametrize(
    ('options', 'why'),
    [
        (dict(mean=[1.0]), 'both or neither'),
        (dict(mean=[1.0, 2.0], std=[1.0]), 'one of each a channel'),
        (dict(mean=[], std=[]), 'one of each a channel'),
        (dict(mean=[1.0], std=[0.0]), 'above 0'),
    ],
    ids=str,
)
def test_moments_that_do_not_belong_together_are_refused(options, why):
    with pytest.raises(ValueError, match=why):
        build('SelfSupDataPreprocessor', **options)
