"""The fast path from a file to a crop, against Pillow and torchvision, the official pipeline."""

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmengine.registry import init_default_scope
from PIL import Image
from scipy.stats import ks_2samp
from torchvision.transforms import Normalize, RandomResizedCrop
from torchvision.transforms.functional import to_tensor

from mmcnx2.datasets import DecodeRandomResizedCrop, LoadEncodedImage
from mmcnx2.registry import MODELS, TRANSFORMS
from tests.support.pictures import encode, photograph

CONFIGS = Path(__file__).parents[2] / 'configs'


def crop(data: bytes, box: tuple[int, int, int, int], **options) -> np.ndarray:
    """Cut a box ``(y, x, height, width)`` out of an encoded image, through both transforms."""
    transform = DecodeRandomResizedCrop(**options)
    transform.rand_crop_params = lambda img: box
    return transform(LoadEncodedImage()(dict(img_bytes=data)))['img']


def reference(data: bytes, box: tuple[int, int, int, int], size: tuple[int, int]) -> np.ndarray:
    """What Pillow, and so torchvision's RandomResizedCrop, makes of the box; BGR."""
    y, x, height, width = box
    image = Image.open(io.BytesIO(data)).convert('RGB').crop((x, y, x + width, y + height))
    return np.asarray(image.resize(size[::-1], Image.Resampling.BICUBIC))[..., ::-1]


@pytest.fixture(scope='module')
def photo() -> bytes:
    return encode(photograph(375, 500), 'JPEG', quality=96, subsampling=0)


def figures(boxes: np.ndarray) -> dict[str, np.ndarray]:
    """What describes crops ``(y, x, height, width)``, one array of numbers a figure."""
    top, left, height, width = boxes.T
    shape = dict(area=height * width, aspect_ratio=width / height)
    return dict(top=top, left=left, height=height, width=width, **shape)


@pytest.mark.parametrize('ratios', [(0.2, 1.0), (0.08, 1.0)], ids=['pre-training', 'default'])
@pytest.mark.parametrize('size', [(375, 500), (224, 224), (500, 33)])
def test_crops_are_distributed_as_torchvisions(size, ratios):
    np.random.seed(0)
    torch.manual_seed(0)
    draws = 2500
    image = SimpleNamespace(shape=size)
    ours = DecodeRandomResizedCrop(224, ratios)
    ours = np.array([ours.rand_crop_params(image) for _ in range(draws)])
    blank = torch.empty(3, *size)
    theirs = np.array(
        [RandomResizedCrop.get_params(blank, ratios, (3 / 4, 4 / 3)) for _ in range(draws)]
    )
    drawn, expected = figures(ours), figures(theirs)
    for name in drawn:
        p = ks_2samp(drawn[name], expected[name], method='asymp').pvalue
        assert p > 1e-3, f'{name} of crops from {size}: p = {p:.1e} if both are the same'


def test_the_statistics_would_notice_another_range():
    np.random.seed(0)
    image = SimpleNamespace(shape=(375, 500))
    areas = []
    for ratios in ((0.2, 1.0), (0.3, 1.0)):
        transform = DecodeRandomResizedCrop(224, ratios)
        boxes = np.array([transform.rand_crop_params(image) for _ in range(3000)])
        areas.append(figures(boxes)['area'])
    assert ks_2samp(*areas).pvalue < 1e-3


@pytest.mark.parametrize(
    'box',
    [(0, 0, 375, 500), (40, 90, 300, 333), (100, 7, 168, 224), (3, 200, 90, 120), (50, 50, 1, 1)],
    ids=lambda box: f'{box[2]}x{box[3]}',
)
@pytest.mark.parametrize('scale', [224, (200, 96)], ids=str)
def test_pixels_differ_from_pillows_by_rounding_alone(photo, box, scale):
    size = scale if isinstance(scale, tuple) else (scale, scale)
    got, expected = crop(photo, box, scale=scale), reference(photo, box, size)
    assert (got.dtype, got.shape) == (np.uint8, (*size, 3))
    error = np.abs(got.astype(int) - expected)
    assert error.max() <= 6, f'a pixel is off by {error.max()} of 255'
    assert (error > 1).mean() < 1e-3, f'{(error > 1).mean():.2%} of the values are off by more'
    assert (error > 0).mean() < 0.06, f'{(error > 0).mean():.1%} of the values are off'


@pytest.mark.parametrize('shrink', [2, 4, 8])
def test_a_shrunken_decode_stays_close_to_pillows(shrink):
    """Within 3 of 255 on average, the bound that docs/data_path.md states."""
    side = 64 * shrink
    data = encode(photograph(side + 80, side + 96), 'JPEG', quality=92)
    box = (16, 40, side, side + 8)
    error = np.abs(crop(data, box, scale=64).astype(int) - reference(data, box, (64, 64)))
    assert error.mean() < 3, f'off by {error.mean():.1f} of 255 on average'
    assert error.max() > 2, 'it was not shrunken'


@pytest.mark.parametrize('shrink', [2, 4, 8])
def test_a_shrunken_decode_moves_the_crop_by_half_a_pixel_at_most(shrink):
    """Seen on a ramp, whose gray levels tell the column."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    data = encode(Image.fromarray(ramp), 'JPEG', quality=100)
    for left in range(shrink):
        box = (0, left, 248, 248)
        size = (248 // shrink, 248 // shrink)
        error = np.abs(crop(data, box, scale=size).astype(int) - reference(data, box, size))
        assert error.mean() <= shrink / 2 + 1, f'crop at column {left}'


@pytest.mark.parametrize(
    ('box', 'shrink'),
    [((0, 0, 63, 200), 1), ((0, 0, 64, 64), 2), ((5, 5, 150, 127), 2), ((0, 0, 200, 128), 4)],
)
def test_is_decoded_no_smaller_than_the_output(box, shrink):
    image = LoadEncodedImage()(dict(img_bytes=encode(photograph(210, 210), 'JPEG')))['encoded_img']
    asked = []
    decode = image.decode
    image.decode = lambda n: asked.append(n) or decode(n)
    DecodeRandomResizedCrop(32)._decode(image, box)
    assert asked == [shrink]


@pytest.mark.parametrize('format', ['PNG', 'WEBP'])
def test_other_formats_take_the_same_way(format):
    lossless = dict(lossless=True) if format == 'WEBP' else {}
    data = encode(photograph(90, 120), format, **lossless)
    box = (10, 20, 70, 80)
    error = np.abs(crop(data, box, scale=32).astype(int) - reference(data, box, (32, 32)))
    assert error.max() <= 1


def test_reads_paths_and_leaves_the_keys_of_its_like(tmp_path, photo):
    (tmp_path / 'a.jpg').write_bytes(photo)
    results = LoadEncodedImage()(dict(img_path=str(tmp_path / 'a.jpg'), sample_idx=3))
    results = DecodeRandomResizedCrop(64)(results)
    assert set(results) == {
        'img_path', 'sample_idx', 'img', 'img_shape', 'ori_shape', 'flip', 'flip_direction',
    }  # fmt: skip
    assert results['ori_shape'] == (375, 500) and results['img_shape'] == (64, 64)
    assert results['img'].transpose(2, 0, 1).flags.c_contiguous, 'PackInputs has to copy it'


def test_the_same_seed_gives_the_same_crop(photo):
    def draw():
        np.random.seed(3)
        return DecodeRandomResizedCrop(64)(LoadEncodedImage()(dict(img_bytes=photo)))['img']

    np.testing.assert_array_equal(draw(), draw())


def test_flips_as_often_as_asked(photo):
    np.random.seed(0)
    plain = crop(photo, (0, 0, 300, 300), scale=32)
    flips = 0
    for _ in range(400):
        got = crop(photo, (0, 0, 300, 300), scale=32, flip_prob=0.3)
        flipped = not np.array_equal(got, plain)
        np.testing.assert_array_equal(got, plain[:, ::-1] if flipped else plain)
        flips += flipped
    assert 90 <= flips <= 150, 'binomial(400, 0.3) lies there with probability 0.999'


def test_says_whether_it_flipped_as_random_flip_does(photo):
    for flip_prob, direction in ((0.0, None), (1.0, 'horizontal')):
        results = LoadEncodedImage()(dict(img_bytes=photo))
        results = DecodeRandomResizedCrop(32, flip_prob=flip_prob)(results)
        assert (results['flip'], results['flip_direction']) == (bool(flip_prob), direction)
        assert results['img'].transpose(2, 0, 1).flags.c_contiguous, 'PackInputs has to copy it'


@pytest.mark.parametrize(
    'wrong',
    [dict(scale=0), dict(scale=32, crop_ratio_range=(1, 0.2)), dict(scale=32, flip_prob=1.5)],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises((AssertionError, ValueError)):
        DecodeRandomResizedCrop(**wrong)


def test_batches_are_uint8_and_the_data_preprocessor_makes_the_official_tensor(tmp_path, photo):
    """Normalization is left to the device: on one image it gives torchvision's tensor."""
    init_default_scope('mmpretrain')
    (tmp_path / 'a.jpg').write_bytes(photo)
    cfg = Config.fromfile(CONFIGS / '_base_/datasets/imagenet_fcmae.py').train_pipeline
    cfg[1].flip_prob = 1.0
    pipeline = Compose([TRANSFORMS.build(transform) for transform in cfg])
    pipeline.transforms[1].rand_crop_params = lambda img: (20, 30, 300, 400)
    batch = default_collate([pipeline(dict(img_path=str(tmp_path / 'a.jpg')))] * 2)
    assert (batch['inputs'].dtype, batch['inputs'].shape) == (torch.uint8, (2, 3, 224, 224))

    model = Config.fromfile(CONFIGS / '_base_/models/fcmae_convnextv2.py').model
    inputs = MODELS.build(model.data_preprocessor)(batch)['inputs']
    rgb = np.ascontiguousarray(reference(photo, (20, 30, 300, 400), (224, 224))[:, ::-1, ::-1])
    normalize = Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    official = normalize(to_tensor(rgb))
    one_level = 1 / 255 / 0.224
    torch.testing.assert_close(inputs[0], official, rtol=0, atol=1.05 * one_level)
    assert inputs.dtype == torch.float32
