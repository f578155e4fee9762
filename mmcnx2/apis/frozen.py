"""Labelled images and weights for what looks at features and trains no network: knn and probe."""

import contextlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from mmcnx2.apis.recipes.classification import Classification
from mmcnx2.apis.training import compose
from mmcnx2.apis.training_options import TrainingOptions


@contextmanager
def frozen_classifier(
    images: str, *, from_: str, val: str | None, size: int | None, seed: int
) -> Iterator[tuple[str, str]]:
    """Yield the path of a classification config, which goes with the block, and of the weights.

    Args:
        images: Folder of class folders, or one that holds such folders train and val.
        from_: The weights: folder of a run, path, address or name.
        val: Another such folder, or the share to keep apart.
        size: Side of the images in pixels; None by the images.
        seed: Of the share.

    Raises:
        OSError: The folder or the weights are not there.
        ValueError: The data are no class folders.
    """
    with TemporaryDirectory() as folder:
        options = TrainingOptions(out=folder, from_=from_, size=size, seed=seed)
        with contextlib.redirect_stdout(io.StringIO()):  # the plan of a training that is none
            run = compose(Classification(images, val=val), options)
        yield run.config, run.arguments['weights']
