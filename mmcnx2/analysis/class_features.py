"""The features of labelled images, to train on and to score with, of a classifier's config."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.model import BaseModel, PretrainedInit
from mmengine.registry import DefaultScope
from mmengine.runner import set_random_seed
from torch import Tensor
from torch.utils.data import DataLoader

from mmcnx2.analysis.features import extract_features, labelled_images
from mmcnx2.analysis.knn import check_same_classes
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.engine.launch import check_checkpoint, check_inputs, read_config
from mmcnx2.engine.training import foreseen_ends
from mmcnx2.registry import MODELS


@dataclass(frozen=True)
class ClassFeatures:
    """Features and labels.

    Attributes:
        train: Float32 ``(n, C)`` and int64 ``(n,)`` of the images to train on.
        test: Those of the images to score with.
    """

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def compute_class_features(
    config: str,
    checkpoint: str | None,
    *,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    check: Callable[[int], None] = lambda images: None,
    progress: Callable[[DataLoader], Iterable] = iter,
) -> ClassFeatures:
    """Compute the last stage's maps, averaged over space, of the images of a config.

    Args:
        config: Path of a classification config, for size and images.
        checkpoint: Path, address or name of the weights, of a pre-training or a classifier; None
            draws them, as training from scratch does.
        seed: Of weights that are drawn.
        settings: Dotted keys to values that replace the config's.
        check: Called with the number of training images before anything is computed.
        progress: Wraps each loader to show how far it is.

    Raises:
        OSError: Data or weights are not there.
        ValueError: The config classifies nothing, or the two sets have other classes.
    """
    cfg = read_config(config, options=settings)
    if not cfg.get('test_dataloader'):
        raise ValueError(
            f"'{config}' has no test_dataloader: give a config that classifies, such as the one "
            'that fine-tunes from this checkpoint.'
        )
    check_checkpoint(checkpoint)
    # Pre-training knows no final norm, and the features of all checkpoints should be alike.
    cfg.model.backbone.final_norm = False
    cfg.model.backbone.pop('init_cfg', None)
    check_inputs(cfg, ('train_dataloader', 'test_dataloader'))
    fit_to_data(cfg, checkpoint=checkpoint)
    test = cfg.test_dataloader
    loading = dict(batch_size=test.batch_size, num_workers=test.num_workers)
    loaders = [
        labelled_images(dict(dataset, pipeline=test.dataset.pipeline), **loading)
        for dataset in (cfg.train_dataloader.dataset, test.dataset)
    ]
    check_same_classes(loaders[1].dataset, loaders[0].dataset)
    check(len(loaders[0].dataset))
    model = _build(cfg, checkpoint, seed)
    with foreseen_ends():
        return ClassFeatures(
            *(extract_features(model, each, progress=progress) for each in loaders)
        )


def _build(cfg: Config, checkpoint: str | None, seed: int) -> BaseModel:
    """Build the config's model and give its encoder the checkpoint's weights, or draw them."""
    if checkpoint is None:
        set_random_seed(seed)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    if checkpoint is not None:  # else those stay that it drew when it was built
        PretrainedInit(checkpoint, prefix='backbone.', map_location='cpu')(model.backbone)
    return model.to(get_device())
