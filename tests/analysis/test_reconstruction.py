"""From image files to reconstructions."""

import numpy as np
import pytest
import torch
from PIL import Image

from mmcnx2.analysis.charts import draw_gallery, draw_loss_curve, draw_scores
from mmcnx2.analysis.reconstruction import reconstruct_files
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


def test_charts_are_written_as_pictures(paths, tmp_path):
    gallery, loss, scores = (tmp_path / name for name in ('gallery.png', 'loss.png', 'scores.png'))
    draw_gallery(gallery, reconstruct_files(make_fcmae().float(), paths, size=64, seed=0))
    draw_loss_curve(loss, [10, 20], [1.0, 0.8], steps_an_epoch=10)
    draw_scores(scores, {'pre-trained': [40.0, 42.0], 'from scratch': [12.0]}, chance=10.0)
    for path in (gallery, loss, scores):
        pixels = np.asarray(Image.open(path))
        assert min(pixels.shape[:2]) > 100, path
        assert pixels[..., :3].std() > 1, f'{path} is blank'
