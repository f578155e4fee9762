"""Reconstructions in the visualizer while FCMAE trains."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mmcnx2.analysis.hooks import ReconstructionHook
from tests.support.short_pretraining import assert_same_weights, pre_train, render

HOOK = dict(type='mmcnx2.ReconstructionHook', interval=1, num_images=3)


@pytest.fixture(scope='module')
def pictures(tmp_path_factory) -> Path:
    return render(tmp_path_factory.mktemp('scenes'))


def files_of(work_dir: Path) -> dict[str, Path]:
    return {path.name: path for path in work_dir.glob('*/vis_data/vis_image/*')}


def test_every_backend_gets_the_grid_and_training_is_left_alone(pictures, tmp_path):
    events = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    plain = pre_train(pictures, tmp_path / 'plain')
    backends = ('LocalVisBackend', 'TensorboardVisBackend')
    watched = pre_train(pictures, tmp_path / 'watched', HOOK, backends=backends)
    assert_same_weights(plain, watched)
    assert watched.model.training

    files = files_of(tmp_path / 'watched')
    assert files.keys() == {'reconstruction_1.png', 'reconstruction_2.png'}
    first, second = (np.asarray(Image.open(files[name])) for name in sorted(files))
    assert first.shape == second.shape and first.shape[1] > 4 * 100
    changed = (first != second).any(2)[:-30].any(0)  # above the caption, which names the epoch
    half = len(changed) // 2
    assert not changed[: half - 10].any(), 'originals and masks stay the same'
    assert changed[half:].any(), 'reconstructions do not'

    (folder,) = (tmp_path / 'watched').glob('*/vis_data')
    accumulator = events.EventAccumulator(str(folder), size_guidance={'images': 0})
    accumulator.Reload()
    images = accumulator.Images('reconstruction')
    assert [image.step for image in images] == [1, 2]
    assert (images[0].height, images[0].width) == first.shape[:2]


def test_one_option_turns_it_on_with_pictures_of_the_training_set(pictures, tmp_path):
    option = {'default_hooks.reconstruction.type': 'mmcnx2.ReconstructionHook'}
    runner = pre_train(pictures, tmp_path, options=option)
    (hook,) = (hook for hook in runner.hooks if isinstance(hook, ReconstructionHook))
    assert len(hook.files) == 8 and all(file.startswith(str(pictures)) for file in hook.files)
    assert hook.pictures.shape == (8, 3, 64, 64), 'the size of the training images'
    assert files_of(tmp_path).keys() == {'reconstruction_2.png'}, 'the last epoch has one, too'


def test_own_pictures_size_ratio_and_choice(pictures, tmp_path):
    file = next(path for path in pictures.rglob('*') if path.is_file())
    hook = ReconstructionHook(str(file), size=96, ratio=0.8, interval=2)
    runner = pre_train(pictures, tmp_path, hook)
    assert hook.files == [str(file)] and hook.pictures.shape == (1, 3, 96, 96)
    assert runner.epoch == 2 and len(files_of(tmp_path)) == 1


def test_missing_pictures_stop_the_run_before_it_starts(pictures, tmp_path):
    with pytest.raises(FileNotFoundError, match="no/such' does not exist"):
        pre_train(pictures, tmp_path, dict(HOOK, images='no/such'))

    class Shards:
        """A stream has no files to name."""

    runner = SimpleNamespace(train_dataloader=SimpleNamespace(dataset=Shards()))
    with pytest.raises(ValueError, match='a Shards has no image files: .* with images=PATH'):
        ReconstructionHook().before_train(runner)
