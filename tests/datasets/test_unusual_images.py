"""Files as the world has them, through the loader and the pipeline of the pre-training configs."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from PIL import Image

from mmcnx2.datasets.unreadable import TooManyUnreadableError
from tests.support import bombs
from tests.support.pictures import encode, photograph

CONFIG = Path(__file__).parents[2] / 'configs/_base_/datasets/folder_fcmae.py'
RGB = (200, 60, 120)


def solid(width: int = 50, height: int = 40) -> Image.Image:
    return Image.new('RGB', (width, height), RGB)


def sixteen_bits() -> bytes:
    import cv2

    pixels = np.full((40, 50, 3), RGB[::-1], np.uint16) * 257
    return cv2.imencode('.png', pixels)[1].tobytes()


READABLE = {
    'wrong_extension.jpg': lambda: encode(solid(), 'PNG'),
    'no_image_extension.jpeg': lambda: encode(solid(), 'BMP'),
    'cmyk.jpg': lambda: encode(solid(), 'JPEG', mode='CMYK', quality=95),
    'palette.png': lambda: encode(solid().quantize(), 'PNG'),
    'alpha.png': lambda: encode(solid(), 'PNG', mode='RGBA'),
    'turned.jpg': lambda: encode(solid(), 'JPEG', orientation=6, quality=95),
    'one_pixel.png': lambda: encode(solid(1, 1), 'PNG'),
    'one_pixel.jpg': lambda: encode(solid(1, 1), 'JPEG', quality=95),
    'wide.jpg': lambda: encode(solid(20_000, 60), 'JPEG', quality=95),
    'tall.png': lambda: encode(solid(60, 20_000), 'PNG'),
}
SHAPES = {
    'turned.jpg': (50, 40), 'one_pixel.png': (1, 1), 'one_pixel.jpg': (1, 1),
    'wide.jpg': (60, 20_000), 'tall.png': (20_000, 60),
}  # fmt: skip
UNREADABLE = {
    'truncated.jpg': lambda: encode(photograph(60, 60), 'JPEG')[:-600],
    'truncated.png': lambda: encode(photograph(60, 60), 'PNG')[:-600],
    'zero_bytes.jpg': lambda: b'',
    'text.png': lambda: b'no image',
    'says_65500x65500.jpg': lambda: bombs.jpeg(65500, 65500),
    'has_one_row_of_15000.png': lambda: bombs.png(15_000, 15_000, bytes(45_001)),
    'cut_off.tif': lambda: bombs.tiff(10_000, 10_000),
}


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmpretrain')


def loader(folder: Path, workers: int = 0, **dataset):
    """The loader of the folder config, at 32 px."""
    cfg = Config.fromfile(CONFIG).train_dataloader
    cfg.update(batch_size=1, num_workers=workers, persistent_workers=False, pin_memory=False)
    cfg.setdefault('collate_fn', dict(type='default_collate'))
    for transform in cfg.dataset.pipeline:
        if 'scale' in transform:
            transform.scale = 32
    cfg.dataset.update(data_root=str(folder), **dataset)
    return Runner.build_dataloader(cfg, seed=0)


@pytest.mark.parametrize('name', READABLE)
def test_reads(name, tmp_path):
    (tmp_path / name).write_bytes(READABLE[name]())
    (batch,) = loader(tmp_path)
    pixels = batch['inputs'][0].float()
    assert pixels.shape == (3, 32, 32)
    # CMYK and JPEG are not exact; a mistaken color would be far off.
    for channel, (found, expected) in enumerate(zip(pixels, RGB[::-1], strict=True)):
        assert (found - expected).abs().max() <= 8, f'{name}, channel {channel} of BGR'
    sample = batch['data_samples'][0]
    if 'ori_shape' in sample:
        assert tuple(sample.ori_shape[:2]) == SHAPES.get(name, (40, 50))


def test_sixteen_bits_stay_sixteen(tmp_path):
    (tmp_path / 'sixteen_bits.png').write_bytes(sixteen_bits())
    (batch,) = loader(tmp_path)
    assert batch['inputs'].dtype == torch.uint16
    assert batch['inputs'][0, :, 5, 5].tolist() == [257 * value for value in RGB[::-1]]


@pytest.mark.parametrize('name', UNREADABLE)
def test_replaces(name, tmp_path):
    (tmp_path / name).write_bytes(UNREADABLE[name]())
    (tmp_path / 'good.png').write_bytes(encode(solid(), 'PNG'))
    batches = loader(tmp_path, max_unreadable=0.5)
    paths = [batch['data_samples'][0].img_path for batch in batches]
    assert paths == [str(tmp_path / 'good.png')] * 2
    assert batches.dataset.unreadable == [str(tmp_path / name)]


@pytest.mark.parametrize('workers', [0, 1])
def test_a_file_that_became_a_pipe_is_replaced_not_waited_for(workers, tmp_path):
    for name in ('a.png', 'b.png'):
        (tmp_path / name).write_bytes(encode(solid(), 'PNG'))
    batches = loader(tmp_path, workers, max_unreadable=0.5)
    (tmp_path / 'b.png').unlink()
    os.mkfifo(tmp_path / 'b.png')
    paths = [batch['data_samples'][0].img_path for batch in batches]
    assert paths == [str(tmp_path / 'a.png')] * 2
    assert batches.dataset.unreadable == [str(tmp_path / 'b.png')]


@pytest.mark.parametrize('workers', [0, 1])
def test_too_many_stop_the_run_with_a_summary(tmp_path, workers):
    for i in range(10):
        data = b'' if i < 3 else encode(solid(), 'PNG')
        (tmp_path / f'{i}.png').write_bytes(data)
    with pytest.raises(TooManyUnreadableError, match=r'3 of 10 images.*max_unreadable=0\.2'):
        list(loader(tmp_path, workers, max_unreadable=0.2))


def test_a_share_out_of_range_is_refused(tmp_path):
    (tmp_path / 'good.png').write_bytes(encode(solid(), 'PNG'))
    with pytest.raises(ValueError, match='max_unreadable=3, but a share from 0 to 1'):
        loader(tmp_path, max_unreadable=3)
