"""From image files to reconstructions."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmcnx2.analysis.reconstruction import (
    load_fcmae,
    reconstruct_files,
    reconstruct_pictures,
    stream_reconstructions,
)
from mmcnx2.analysis.reconstruction_grid import draw_reconstructions, reconstruction_grid
from mmcnx2.nn import FCMAE
from mmcnx2.nn.patches import upsample
from tests.support.fcmae import make_fcmae


@pytest.fixture
def paths(tmp_path):
    generator = np.random.default_rng(0)
    files = [tmp_path / 'a.png', tmp_path / 'b.png']
    for file, shape in zip(files, [(64, 64, 3), (50, 90, 3)], strict=True):
        Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8)).save(file)
    return files


def test_the_original_comes_back_in_rgb_and_at_the_models_size(paths):
    result = reconstruct_files(make_fcmae().float(), paths, size=64, seed=0)
    assert result.image.shape == (2, 3, 64, 64)
    original = torch.from_numpy(np.array(Image.open(paths[0]))).permute(2, 0, 1)
    torch.testing.assert_close(result.image[0], original.float(), atol=0.01, rtol=0)


def test_models_in_the_home_folder_are_found_by_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    arch = dict(depths=(1,), channels=(8,))
    parts = dict(
        backbone=dict(type='mmcnx2.ConvNeXtV2', arch=arch, final_norm=False),
        neck=dict(type='mmcnx2.FCMAEDecoder', in_channels=8, embed_dims=8, patch_size=4),
        head=dict(type='mmcnx2.FCMAEPretrainHead', patch_size=4),
    )
    Config(dict(model=dict(type='mmcnx2.FCMAE', **parts))).dump(tmp_path / 'own.py')
    model = FCMAE(arch, embed_dims=8)
    torch.save(model.state_dict(), tmp_path / 'own.pth')
    loaded = load_fcmae('~/own.py', '~/own.pth').state_dict()
    assert all(torch.equal(loaded[name], weight) for name, weight in model.state_dict().items())


def test_a_seed_draws_the_same_masks_and_leaves_the_global_generator_alone(paths):
    model = make_fcmae().float()
    model.masking.generator = None  # the global one, as in the recipes
    state = torch.random.get_rng_state()
    first = reconstruct_files(model, paths, size=128, seed=3)
    again = reconstruct_files(model, paths, size=128, seed=3)
    other = reconstruct_files(model, paths, size=128, seed=4)
    assert torch.equal(first.visible, again.visible)
    assert not torch.equal(first.visible, other.visible)
    assert torch.equal(state, torch.random.get_rng_state())


def test_no_files_is_an_error():
    with pytest.raises(ValueError, match='paths is empty: give at least one image file'):
        reconstruct_files(make_fcmae().float(), [], size=64, seed=0)


@pytest.mark.parametrize('ratio, hidden', [(0.1, 2), (0.5, 8), (0.9, 15)])
def test_any_mask_ratio(paths, ratio, hidden):
    result = reconstruct_files(make_fcmae().float(), paths, size=128, seed=0, ratio=ratio)
    assert (~result.visible).flatten(1).sum(1).tolist() == [hidden, hidden]
    shown = upsample(result.visible, 32).unsqueeze(1)
    assert torch.equal(result.reconstruction, torch.where(shown, result.image, result.prediction))
    assert not torch.equal(result.prediction, result.image)


def test_masks_do_not_depend_on_the_batches_or_on_the_models_generator(paths):
    model, files = make_fcmae().float(), [*paths, *paths, paths[0]]
    whole = reconstruct_files(model, files, size=96, seed=5)
    parts = list(stream_reconstructions(model, files, size=96, seed=5, batch_size=2))
    assert [len(part.image) for part in parts] == [2, 2, 1]
    assert torch.equal(whole.visible, torch.cat([part.visible for part in parts]))
    assert len(whole.visible.unique(dim=0)) > 1
    pictures = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)
    again = [reconstruct_pictures(model, pictures, seed=1).visible for _ in range(2)]
    assert torch.equal(*again) and again[0].shape == (2, 2, 3)


@pytest.mark.parametrize(
    'options, sentence',
    [
        (dict(size=80), '80 px do not divide into patches of 32'),
        (dict(size=64, ratio=1.5), 'mask ratio=1.5 must lie between 0 and 1'),
        (dict(size=64, ratio=0.9), 'keeps none of 4 patches'),
    ],
)
def test_what_does_not_fit_is_refused_before_any_work(paths, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        stream_reconstructions(make_fcmae().float(), paths, seed=0, **options)


@pytest.mark.parametrize('count', [1, 4, 5, 8])
def test_the_grid_shows_every_picture_four_times(paths, count, tmp_path):
    model = make_fcmae().float()
    model.head.norm_pix = False
    result = reconstruct_files(model, [paths[0]] * count, size=64, seed=0)
    for i, color in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 255)]):
        field = ('image', 'masked', 'prediction', 'reconstruction')[i]
        getattr(result, field)[:] = torch.tensor(color).view(3, 1, 1)
    grid = reconstruction_grid(result, caption='a caption')
    assert grid.dtype == np.uint8 and grid.shape[2] == 3
    areas = [
        (grid == np.array(color)).all(2).sum()
        for color in [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 255)]
    ]
    assert min(areas) > 0.9 * max(areas) and min(areas) > 100**2 * count
    draw_reconstructions(result, tmp_path / 'new' / 'grid.png', caption='a caption')
    assert np.asarray(Image.open(tmp_path / 'new' / 'grid.png')).shape[:2] == grid.shape[:2]
