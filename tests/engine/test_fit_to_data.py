"""A config follows its images: channels, mean and deviation, and what a run keeps of them."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import load_checkpoint
from PIL import Image

from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.datasets.shards.pack import PackSettings, pack
from mmcnx2.datasets.statistics import FILE_NAME, DataStatistics
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.engine.launch import read_config
from mmcnx2.engine.training import train
from tests.support.command_line import ROOT
from tests.support.pictures import encode, photograph
from tests.support.toy_config import shorten, shrink

PRE_TRAINING = 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
_numbers = count()


def satellite(folder: Path, count: int = 4, bands: int = 13, side: int = 64) -> np.ndarray:
    """Write tiles as GDAL does, uint16, and return them, ``(N, side, side, bands)``."""
    rasterio = pytest.importorskip('rasterio')
    folder.mkdir(parents=True, exist_ok=True)
    levels = np.linspace(500, 3000, bands)[:, None, None]
    tiles = np.random.default_rng(0).normal(levels, levels / 5, (count, bands, side, side))
    tiles = tiles.clip(1, 10_000).astype(np.uint16)
    profile = dict(driver='GTiff', width=side, height=side, count=bands, dtype='uint16',
                   compress='deflate', interleave='band', nodata=0,
                   transform=rasterio.Affine(10, 0, 0, 0, -10, 0))  # fmt: skip
    for i, tile in enumerate(tiles):
        with rasterio.open(folder / f'{i}.tif', 'w', **profile) as file:
            file.write(tile)
    return tiles.transpose(0, 2, 3, 1)


def photographs(folder: Path, count: int = 3) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        (folder / f'{i}.png').write_bytes(encode(photograph(70, 80, seed=i), 'PNG'))


def config(images: Path, work_dir: Path, *, name: str = PRE_TRAINING, **options) -> Config:
    options = dict(data_root=str(images), **options)
    return read_config(str(ROOT / 'configs' / name), options=options, work_dir=str(work_dir))


def small(cfg: Config) -> Config:
    """The same recipe in two steps of a toy model at 64 px, without random crops."""
    cfg = shorten(shrink(cfg))
    crop = cfg.train_dataloader.dataset.pipeline[1]
    crop.update(scale=64, crop_ratio_range=(1.0, 1.0), aspect_ratio_range=(1.0, 1.0), flip_prob=0.0)
    cfg.experiment_name = f'fit-{next(_numbers)}'
    cfg.custom_hooks = []
    return cfg


def test_photographs_leave_imagenets_numbers_and_no_file(tmp_path):
    photographs(tmp_path / 'images')
    cfg = config(tmp_path / 'images', tmp_path / 'run')
    before = cfg.to_dict()
    said = fit_to_data(cfg, keep=True)
    assert said.endswith("the config's mean and deviation, as the images are 8-bit RGB.")
    assert cfg.to_dict() == before and not (tmp_path / 'run').exists()


def test_a_config_without_the_keys_is_left_as_it_is(tmp_path):
    cfg = config(
        tmp_path, tmp_path, name='fcmae/fcmae_convnextv2-atto_64xb64-amp-coslr-800e_in1k.py'
    )
    before = cfg.to_dict()
    fit_to_data(cfg)
    assert cfg.to_dict() == before


def test_anything_else_is_measured_told_and_kept(tmp_path):
    tiles = satellite(tmp_path / 'images')
    cfg = config(tmp_path / 'images', tmp_path / 'run')
    fit_to_data(cfg, keep=True)
    values = tiles.reshape(-1, 13).astype(np.float64)
    processor = cfg.model.data_preprocessor
    np.testing.assert_allclose(processor.mean, values.mean(0), rtol=1e-12)
    np.testing.assert_allclose(processor.std, values.std(0), rtol=1e-12)
    assert cfg.model.backbone.in_channels == 13
    assert cfg.train_dataloader.dataset.pipeline[0].fill == processor.mean
    assert list(DataStatistics.load(tmp_path / 'run').mean) == processor.mean


@pytest.mark.parametrize('given', ['auto', 'imagenet', 'file'])
def test_normalize_chooses(given, tmp_path):
    photographs(tmp_path / 'images')
    satellite(tmp_path / 'tiles', bands=3)
    auto = config(tmp_path / 'images', tmp_path / 'run', normalize='auto')
    fit_to_data(auto, keep=True)
    assert auto.model.data_preprocessor.mean[0] == pytest.approx(128, abs=20)
    if given == 'file':
        cfg = config(tmp_path / 'images', tmp_path / 'other', normalize=str(tmp_path / 'run'))
        fit_to_data(cfg)
        assert cfg.model.data_preprocessor == auto.model.data_preprocessor
    if given == 'imagenet':
        cfg = config(tmp_path / 'images', tmp_path / 'other', normalize='imagenet')
        cfg.model.data_preprocessor.update(mean=[1.0], std=[1.0])
        fit_to_data(cfg)
        assert cfg.model.data_preprocessor.mean == [123.675, 116.28, 103.53]
        cfg = config(tmp_path / 'tiles', tmp_path / 'other', normalize='imagenet')
        with pytest.raises(
            SystemExit, match="='imagenet', but the images are 3 channels of uint16"
        ):
            fit_to_data(cfg)


def test_data_that_cannot_be_read_are_left_to_the_look_at_them(tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images/a.png').touch()
    for images in (tmp_path / 'images', tmp_path / 'nowhere'):
        assert fit_to_data(config(images, tmp_path / 'run')) is None
        with pytest.raises(SystemExit, match="normalize='auto', but the images cannot be read"):
            fit_to_data(config(images, tmp_path / 'run', normalize='auto'))


def test_bands_choose_and_in_channels_must_agree(tmp_path):
    tiles = satellite(tmp_path / 'images')
    cfg = config(tmp_path / 'images', tmp_path / 'run', bands=[4, 3, 2, 8], in_channels=4)
    fit_to_data(cfg)
    assert cfg.model.data_preprocessor.mean == pytest.approx(
        tiles[..., [3, 2, 1, 7]].reshape(-1, 4).mean(0).tolist()
    )
    assert cfg.train_dataloader.dataset.pipeline[0].bands == [4, 3, 2, 8]
    with pytest.raises(SystemExit, match='in_channels=5, but the images have 13 channels: leave'):
        fit_to_data(config(tmp_path / 'images', tmp_path / 'run', in_channels=5))


def test_files_that_differ_are_an_error_that_names_two(tmp_path):
    satellite(tmp_path / 'images')
    photographs(tmp_path / 'images')
    with pytest.raises(SystemExit, match=r"0.png' has 3 channels of uint8 and '.*0.tif' has 13"):
        fit_to_data(config(tmp_path / 'images', tmp_path / 'run'))


def test_augmentation_for_color_is_refused_before_anything_is_built(tmp_path):
    for part in ('train', 'val'):
        satellite(tmp_path / 'images' / part / 'ash', 2)
    name = 'convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py'
    cfg = config(tmp_path / 'images', tmp_path / 'run', name=name)
    with pytest.raises(SystemExit) as refusal:
        fit_to_data(cfg)
    said = str(refusal.value)
    assert 'only meant for 8-bit color, but the images are 13 channels of uint16' in said
    assert 'train_dataloader.dataset.pipeline.3 (RandAugment): leave it out' in said
    assert (
        "val_dataloader.dataset.pipeline.1 (ResizeEdge, backend=pillow): set backend='cv2'" in said
    )


def test_fine_tuning_and_tests_take_what_lies_beside_the_weights(tmp_path):
    satellite(tmp_path / 'images')
    pre = config(tmp_path / 'images', tmp_path / 'run')
    fit_to_data(pre, keep=True)
    satellite(tmp_path / 'other', bands=13, side=96)
    (tmp_path / 'run/epoch_1.pth').touch()
    later = config(
        tmp_path / 'other', tmp_path / 'later', load_from=str(tmp_path / 'run/epoch_1.pth')
    )
    fit_to_data(later)
    assert later.model.data_preprocessor == pre.model.data_preprocessor
    tested = config(tmp_path / 'gone', tmp_path / 'later')
    fit_to_data(tested, checkpoint=str(tmp_path / 'run/epoch_1.pth'))
    assert tested.model.data_preprocessor == pre.model.data_preprocessor
    # Weights that saw other images say nothing.
    photographs(tmp_path / 'color')
    color = config(
        tmp_path / 'color', tmp_path / 'later', load_from=str(tmp_path / 'run/epoch_1.pth')
    )
    before = color.to_dict()
    fit_to_data(color)
    assert color.to_dict() == before


def test_a_resumed_run_keeps_its_numbers_though_the_data_grew(tmp_path):
    satellite(tmp_path / 'images', 2)
    first = config(tmp_path / 'images', tmp_path / 'run')
    fit_to_data(first, keep=True)
    satellite(tmp_path / 'images', 4)
    again = config(tmp_path / 'images', tmp_path / 'run')
    again.resume = True
    fit_to_data(again, keep=True)
    assert again.model.data_preprocessor == first.model.data_preprocessor


def test_shards_carry_all_of_it(tmp_path):
    tiles = satellite(tmp_path / 'images')
    pack(tmp_path / 'images', tmp_path / 'shards', PackSettings(images_per_shard=2), progress=False)
    name = 'fcmae/fcmae_convnextv2-atto_1xb64-100e_shards.py'
    cfg = config(tmp_path / 'shards', tmp_path / 'run', name=name)
    fit_to_data(cfg)
    np.testing.assert_allclose(
        cfg.model.data_preprocessor.mean, tiles.reshape(-1, 13).mean(0), rtol=1e-12
    )


def test_thirteen_bands_of_uint16_pre_train_with_the_loss_of_a_numpy_reference(tmp_path):
    tiles = satellite(tmp_path / 'images')
    cfg = small(config(tmp_path / 'images', tmp_path / 'run'))
    fit_to_data(cfg)
    init_default_scope('mmpretrain')
    model = MODELS.build(cfg.model).eval()

    from mmcnx2.datasets import ImageFolderUnlabelled

    options = dict(cfg.train_dataloader.dataset)
    options.pop('type')
    data = ImageFolderUnlabelled(**options)
    batch = default_collate([data[i] for i in range(4)])
    assert batch['inputs'].dtype == torch.uint16
    np.testing.assert_array_equal(batch['inputs'].numpy(), tiles.transpose(0, 3, 1, 2))
    inputs = model.data_preprocessor(batch, True)['inputs']
    visible = torch.tensor([[[True, False], [False, False]]] * 4)
    with torch.no_grad():
        loss = model.reconstruction_loss(inputs, visible).item()
        predicted = model.predict_patches(inputs, visible).double().numpy()

    values = tiles.reshape(-1, 13).astype(np.float64)
    normalized = (tiles - values.mean(0)) / values.std(0)
    patches = normalized.reshape(4, 2, 32, 2, 32, 13).swapaxes(2, 3).reshape(4, 4, -1)
    mean, variance = patches.mean(-1, keepdims=True), patches.var(-1, keepdims=True, ddof=1)
    error = ((predicted - (patches - mean) / np.sqrt(variance + 1e-6)) ** 2).mean(-1)
    assert loss == pytest.approx(error[:, 1:].mean(), rel=1e-6)


def test_a_run_trains_on_them_and_its_config_has_the_numbers(tmp_path):
    satellite(tmp_path / 'images')
    cfg = small(config(tmp_path / 'images', tmp_path / 'run'))
    amp_off_without_gpu(cfg)
    train(cfg)
    saved = Config.fromfile(tmp_path / 'run' / Path(cfg.filename).name)
    kept = DataStatistics.load(tmp_path / 'run' / FILE_NAME)
    assert list(kept.mean) == saved.model.data_preprocessor.mean
    weights = torch.load(next((tmp_path / 'run').glob('*.pth')), weights_only=True)['state_dict']
    assert weights['backbone.downsample_layers.0.0.weight'].shape[1] == 13
    assert weights['neck.pred.weight'].shape[0] == 32 * 32 * 13


def labelled(root: Path, bands: int = 13) -> None:
    """Tiles in class folders, and the same ones with masks of two classes."""
    for part in ('train', 'val'):
        for name in ('ash', 'oak'):
            satellite(root / 'classes' / part / name, 2, bands)
        satellite(root / 'masks' / 'images' / part, 2, bands)
        (root / 'masks/masks' / part).mkdir(parents=True)
        for i in range(2):
            mask = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64) // 32 % 2
            Image.fromarray(mask).save(root / 'masks/masks' / part / f'{i}.png')
    (root / 'masks/classes.txt').write_text('ash\noak\n')


@pytest.mark.slow
@pytest.mark.parametrize(
    ('name', 'folder'),
    [
        ('convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_channels.py', 'classes'),
        ('upernet/upernet_convnextv2-atto-fcmae_1xb8-amp-20k_channels-512x512.py', 'masks'),
    ],
)
def test_thirteen_bands_are_classified_and_segmented(name, folder, tmp_path):
    labelled(tmp_path)
    options = {'model.num_classes': 2}
    cfg = shorten(shrink(config(tmp_path / folder, tmp_path / 'run', name=name, **options)))
    cfg.model.backbone.pop('init_cfg')
    for step in cfg.train_dataloader.dataset.pipeline:
        if 'crop_size' in step:
            step.crop_size = (64, 64)
        if 'scale' in step:
            step.scale = (64, 64)
    cfg.experiment_name = f'fit-{next(_numbers)}'
    cfg.custom_hooks = []
    amp_off_without_gpu(cfg)
    train(cfg)
    weights = torch.load(next((tmp_path / 'run').glob('*.pth')), weights_only=True)['state_dict']
    assert weights['backbone.downsample_layers.0.0.weight'].shape[1] == 13
    log = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert '13 channels of uint16' in log and 'Normalized by mean and deviation of ' in log
    assert 'accuracy/top1: ' in log or 'mIoU: ' in log


def test_color_weights_start_a_pre_training_on_bands_in_the_way_that_is_named(tmp_path):
    satellite(tmp_path / 'images')
    color = small(config(tmp_path / 'images', tmp_path / 'color'))
    init_default_scope('mmpretrain')
    torch.save(dict(state_dict=MODELS.build(color.model).state_dict()), tmp_path / 'color.pth')
    weights = str(tmp_path / 'color.pth')
    cfg = small(config(tmp_path / 'images', tmp_path / 'run', load_from=weights))
    fit_to_data(cfg)
    with pytest.raises(ValueError, match="say how the stem sees other channels with stem='sum',"):
        load_checkpoint(MODELS.build(cfg.model), weights)
    cfg.model.backbone.stem = 'new'
    model = MODELS.build(cfg.model)
    load_checkpoint(model, weights)
    stem = model.state_dict()['backbone.downsample_layers.0.0.weight']
    old = torch.load(weights)['state_dict']['backbone.downsample_layers.0.0.weight']
    assert torch.equal(stem[:, :3], old) and not stem[:, 3:].any()
