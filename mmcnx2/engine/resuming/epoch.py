"""What an epoch is made of, and what becomes of a broken-off one when that has changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from mmengine.dist import get_world_size
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmcnx2.datasets.identity import count_images

_LABELS = dict(
    images='images in the data set',
    batch_size='as train_dataloader.batch_size',
    processes='processes',
    accumulation='as optim_wrapper.accumulative_counts',
)


@dataclass(frozen=True)
class Epoch:
    """An epoch of a run.

    Attributes:
        images: Number of images of the data set.
        batch_size: Images of a step in one process.
        processes: That train together.
        accumulation: Steps whose gradients are added up before the weights change.
        steps: Number of steps of the epoch.
    """

    images: int
    batch_size: int
    processes: int
    accumulation: int
    steps: int

    @classmethod
    def of(cls, runner: Runner) -> 'Epoch':
        """Return what a run has, whose loop and optimizer are built."""
        loader = runner.train_dataloader
        batches = loader.batch_sampler
        return cls(
            images=count_images(loader.dataset),
            batch_size=loader.batch_size if batches is None else batches.batch_size,
            processes=get_world_size(),
            accumulation=getattr(runner.optim_wrapper, '_accumulative_counts', 1),
            steps=count_steps(loader),
        )

    @property
    def step_images(self) -> int:
        """Images of a step in all processes."""
        return self.batch_size * self.processes

    def steps_behind(self, images: int) -> int:
        """Return how many of the epoch's steps its first images are, all at most."""
        return min(images // self.step_images, self.steps)


def count_steps(loader: DataLoader) -> int:
    """Return the steps of an epoch, 0 where the data set has no length."""
    try:
        return len(loader)
    except TypeError:
        return 0


@dataclass(frozen=True)
class Broken:
    """Where a checkpoint was saved.

    Attributes:
        epoch: Finished epochs.
        steps: Training steps, over all epochs.
        batches_done: Steps of the epoch that was broken off; None if the checkpoint does not say.
        made_of: What its epochs were made of, by the names of :class:`Epoch`; what the checkpoint
            does not say is left out.
    """

    epoch: int
    steps: int
    batches_done: int | None
    made_of: Mapping[str, int]

    @classmethod
    def of(cls, checkpoint: Mapping[str, Any]) -> 'Broken':
        """Read it from a checkpoint."""
        progress, meta = checkpoint.get('progress', {}), checkpoint['meta']
        made_of = {key.name: progress[key.name] for key in fields(Epoch) if key.name in progress}
        return cls(meta['epoch'], meta['iter'], progress.get('batches_done'), made_of)

    def steps_behind(self, now: Epoch) -> int:
        """Return the steps of the broken-off epoch that are done, in steps of today."""
        done = self.batches_done
        if done is None:  # saved by mmengine's own hooks: epochs were as long as they are
            done = self.steps - self.epoch * now.steps
            return done if 0 <= done <= now.steps else 0
        before = dict(asdict(now), **self.made_of)
        return now.steps_behind(done * before['batch_size'] * before['processes'])

    def compare(self, now: Epoch, *, by_epoch: bool, same_names: bool, scaled: bool) -> str | None:
        """Say what has changed and what follows from it.

        Args:
            now: What epochs are made of today.
            by_epoch: The loop counts epochs.
            same_names: The images have the names that they had.
            scaled: The rate is scaled with the batch.

        Returns:
            Sentences, None if nothing has changed.
        """
        today = asdict(now)
        changed = {
            key: self.made_of[key]
            for key in _LABELS
            if self.made_of.get(key, today[key]) != today[key]
        }
        if not changed and same_names:
            return None
        said = [f'{today[key]} {_LABELS[key]} ({was} before)' for key, was in changed.items()]
        if not same_names and 'images' not in changed:
            said.append('other names of images than before, or in another order')
        follows = self._order(now, by_epoch, data='images' in changed or not same_names)
        follows.append(self._schedule(now, by_epoch))
        before = Epoch(**dict(today, **self.made_of))
        was, size = (each.step_images * each.accumulation for each in (before, now))
        if was != size and not scaled:
            follows.append(
                f'an update sees {size} images ({was} before) at the rate that the config has, '
                'which only --auto-scale-lr would scale'
            )
        return f'This run has {", ".join(said)}: {"; ".join(filter(None, follows))}.'

    def _order(self, now: Epoch, by_epoch: bool, data: bool) -> list[str]:
        if not by_epoch:
            was = self.made_of.get('batch_size', now.batch_size)
            was *= self.made_of.get('processes', now.processes)
            return [
                f'it goes on behind {self.steps} batches of its order, which were '
                f'{self.steps * was} images and are {self.steps * now.step_images} now'
            ]
        order = f'each epoch draws its order from {now.images} images' if data else ''
        if not self.batches_done:
            return [order]
        images = self.steps_behind(now) * now.step_images
        place = f'epoch {self.epoch + 1} goes on behind {images} images of its '
        return [order, place + ('new order, so that some come twice' if data else 'order')]

    def _schedule(self, now: Epoch, by_epoch: bool) -> str:
        if not by_epoch:
            return f'the schedule goes on at step {self.steps}'
        was = self.made_of.get('steps', now.steps)
        if was == now.steps:
            return ''
        steps = f'{now.steps} step{"s" if now.steps != 1 else ""}'
        return (
            f'an epoch has {steps} ({was} before): what the schedule counts in epochs goes on '
            f'within epoch {self.epoch + 1}, what it counts in steps at step {self.steps}'
        )
