"""What does the model make of some pictures by now? A grid in the visualizer while FCMAE trains."""

import random
from collections.abc import Sequence
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcnx2.analysis.pictures import choose_images, find_images, read_batches, read_kind
from mmcnx2.analysis.reconstruction import reconstruct_pictures
from mmcnx2.analysis.reconstruction_grid import reconstruction_grid
from mmcnx2.analysis.shown import choose_shown
from mmcnx2.checks import check_at_least, check_types
from mmcnx2.datasets.preflight.pipeline import image_reader
from mmcnx2.engine.batches import gathered, images_of, inner_model
from mmcnx2.nn.masking import RandomMasking
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class ReconstructionHook(Hook):
    """Draw original, masked and reconstructed pictures every few epochs, the same ones each time.

    The grid goes to every backend of the visualizer (files of the run, TensorBoard, Weights &
    Biases) under the name ``reconstruction``, its step the epoch. Training is not affected, nor are
    the random numbers that it draws. One line of a config turns it on::

        custom_hooks = [dict(type='mmcnx2.ReconstructionHook')]

    and so does ``--cfg-options default_hooks.reconstruction.type=mmcnx2.ReconstructionHook``.

    Args:
        images: Image files or folders; None takes the training set's files.
        num_images: How many of them to draw, chosen once.
        interval: Epochs between grids. The last epoch has one, too.
        size: Side in pixels, a multiple of the encoder's stride; None takes that of the training
            images.
        ratio: Share of hidden patches; None takes the model's.
        seed: Seed of the choice and of the masks.

    Raises:
        ValueError: A number out of range.
    """

    priority = 'LOW'

    @check_types
    def __init__(
        self,
        images: str | Sequence[str] | None = None,
        *,
        num_images: int = 8,
        interval: int = 10,
        size: int | None = None,
        ratio: float | None = None,
        seed: int = 0,
    ):
        check_at_least(1, num_images=num_images, interval=interval, size=size)
        if ratio is not None:
            RandomMasking(ratio)  # refuses what is no share
        self.images, self.num_images = images, num_images
        self.interval, self.size, self.ratio, self.seed = interval, size, ratio, seed
        self.pictures = None

    def before_train(self, runner: Runner) -> None:
        """Find the pictures, so that what is wrong with them shows before any work.

        Raises:
            FileNotFoundError: If a path does not exist, or a folder holds no image.
            ValueError: If there are no files to take from the training set, or a file is no image.
        """
        self.files = self._choose(runner)
        loader = runner.cfg.get('train_dataloader') or {}
        self.reader = image_reader(loader.get('dataset', {}).get('pipeline') or ())
        kind = read_kind(self.files[0], self.reader)
        self.shown = choose_shown(*kind, bands=self.reader.options.bands)
        if self.size:
            self._read(self.size)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Learn the size from the first batch."""
        if self.pictures is None:
            self._read(min(images_of(inner_model(runner.model), data_batch).shape[2:]))

    def after_train_epoch(self, runner: Runner) -> None:
        """Draw, if it is time to."""
        if self.every_n_epochs(runner, self.interval) or self.is_last_train_epoch(runner):
            self._draw(runner)

    def _choose(self, runner: Runner) -> list[str]:
        if self.images is not None:
            paths = [self.images] if isinstance(self.images, str) else self.images
            return choose_images(find_images(paths), self.num_images, seed=self.seed)
        dataset = runner.train_dataloader.dataset
        if not hasattr(dataset, 'get_data_info'):
            raise ValueError(
                f'a {type(dataset).__name__} has no image files: give the ReconstructionHook some '
                'with images=PATH.'
            )
        count = min(self.num_images, len(dataset))
        chosen = random.Random(self.seed).sample(range(len(dataset)), count)
        return [dataset.get_data_info(i)['img_path'] for i in chosen]

    def _read(self, size: int) -> None:
        (self.pictures,) = read_batches(
            self.files, size, batch_size=len(self.files), reader=self.reader
        )

    def _draw(self, runner: Runner) -> None:
        model = inner_model(runner.model)
        was_training = model.training
        model.eval()
        with gathered(model):
            result = reconstruct_pictures(model, self.pictures, seed=self.seed, ratio=self.ratio)
        model.train(was_training)
        names = ', '.join(Path(file).stem for file in self.files[:3])
        more = ', ...' if len(self.files) > 3 else ''
        caption = f'epoch {runner.epoch + 1}: {names}{more}'
        caption += f'; {self.shown.describe()}' if self.shown.stretched else ''
        grid = reconstruction_grid(result, caption=caption, shown=self.shown)
        runner.visualizer.add_image('reconstruction', grid, step=runner.epoch + 1)
