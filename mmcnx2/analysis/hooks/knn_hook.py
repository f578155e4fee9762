"""How good are the features so far? k-NN accuracy on labelled images while FCMAE trains."""

import time

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcnx2.analysis.features import extract_features, labelled_images
from mmcnx2.analysis.knn import check_neighbors, check_same_classes, knn_top1
from mmcnx2.checks import check_at_least, check_types
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class KNNHook(Hook):
    """Report k-NN top-1 every few epochs, and what that cost.

    The score goes to the log and, as ``knn/top1``, to the visualizer's backends. Training is not
    affected, nor are the random numbers that it draws::

        custom_hooks = [
            dict(
                type='mmcnx2.KNNHook',
                queries=dict(type='CustomDataset', data_root='data/labelled/val'),
                interval=10,
            )
        ]

    Args:
        queries: Config of a labelled data set of mmpretrain. Without a ``pipeline``, the middle of
            each image at ``size`` px.
        bank: Config of the one to compare with; None compares each query with the other queries.
        interval: Epochs between reports. The last epoch reports, too.
        k: Neighbors that vote.
        temperature: Temperature of the votes.
        size: Side of the images in pixels, a multiple of the encoder's stride.
        batch_size: Images a step, of each process.
        num_workers: Loading processes.

    Raises:
        ValueError: A number out of range.
    """

    priority = 'LOW'

    @check_types
    def __init__(
        self,
        queries: dict,
        bank: dict | None = None,
        *,
        interval: int = 10,
        k: int = 20,
        temperature: float = 0.07,
        size: int = 224,
        batch_size: int = 64,
        num_workers: int = 2,
    ):
        check_at_least(1, interval=interval, k=k, size=size, batch_size=batch_size)
        check_at_least(0, num_workers=num_workers)
        if temperature <= 0:
            raise ValueError(f'temperature={temperature}, but a number above 0 is expected.')
        self.queries, self.bank = queries, bank
        self.interval, self.k, self.temperature = interval, k, temperature
        self.loading = dict(
            size=size, batch_size=batch_size, num_workers=num_workers,
            max_unreadable=1.0,  # a look at features ends no training
        )  # fmt: skip

    def before_train(self, runner: Runner) -> None:
        """Find the images, so that what is wrong with them shows before any work."""
        self.query_loader = labelled_images(self.queries, **self.loading)
        self.bank_loader = labelled_images(self.bank, **self.loading) if self.bank else None
        queries = self.query_loader.dataset
        if self.bank_loader:
            check_same_classes(queries, self.bank_loader.dataset)
            check_neighbors(self.k, len(self.bank_loader.dataset))
        else:
            check_neighbors(self.k, len(queries) - 1)
        self.start = time.perf_counter()

    def after_train_epoch(self, runner: Runner) -> None:
        """Report, if it is time to."""
        if self.every_n_epochs(runner, self.interval) or self.is_last_train_epoch(runner):
            self._report(runner)

    def _report(self, runner: Runner) -> None:
        begin = time.perf_counter()
        # Loaders draw a seed from the generator that the next epoch's masks come from.
        with torch.random.fork_rng(devices=[]):
            queries, labels = extract_features(runner.model, self.query_loader)
            bank = extract_features(runner.model, self.bank_loader) if self.bank_loader else ()
        top1 = knn_top1(queries, labels, *bank, k=self.k, temperature=self.temperature)
        end = time.perf_counter()
        against = f'{len(bank[0])} images' if bank else 'each other'
        runner.logger.info(
            f'k-NN top-1 after epoch {runner.epoch + 1}: {top1:.2f} % (k={self.k}, {len(queries)} '
            f'images against {against}); this took {end - begin:.1f} s, '
            f'{100 * (end - begin) / (end - self.start):.1f} % of the time since the last one'
        )
        runner.visualizer.add_scalars({'knn/top1': top1}, step=runner.epoch + 1)
        self.start = time.perf_counter()
