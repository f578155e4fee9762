"""Batches that the images do not fill."""

import logging

from mmengine.dist import is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmcnx2.engine.resuming.epoch import Epoch


def check_batches(runner: Runner) -> None:
    """Say that no batch will be full, before a schedule is built on the length of an epoch.

    Args:
        runner: About to train. Its training loop is built, which is the first thing that it would
            do itself.

    Raises:
        SystemExit: With a sentence, if batches that are not full are dropped and there are none at
            all. Processes other than the main one exit without a word.
    """
    if runner._train_loop is None:
        return  # mmengine says what is missing
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    batches = runner.train_dataloader.batch_sampler
    sampler = getattr(batches, 'sampler', None)
    # Endless samplers fill any batch: they give images again.
    if sampler is None or 'Infinite' in type(sampler).__name__:
        return
    share, epoch = len(sampler), Epoch.of(runner)
    if share >= epoch.batch_size:
        return
    each = f' in each of {epoch.processes} processes' if epoch.processes > 1 else ''
    few = f'{epoch.images} images do not fill a batch of {epoch.batch_size}{each}'
    if epoch.steps == 0:
        refusal = (
            f'error: {few}, and drop_last=True leaves out all others: set '
            'train_dataloader.drop_last=False, or a smaller batch_size.'
        )
        raise SystemExit(refusal if is_main_process() else 1)
    print_log(
        f'{few}: each sees {share}, at the rate that the config has; a smaller '
        'train_dataloader.batch_size says what is meant.',
        logger='current',
        level=logging.WARNING,
    )
