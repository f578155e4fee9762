"""A trained model from its config and its checkpoint, and what its tests say of pictures."""

from typing import Any

from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn

from mmcnx2.apis.exporting.preparation import preparation
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.registry import MODELS


def load_model(cfg: Config, checkpoint: str) -> tuple[nn.Module, dict[str, Any]]:
    """Build a model, in evaluation mode on the CPU, and load its weights.

    Args:
        cfg: Of any of the toolboxes; changed to the channels of the checkpoint.
        checkpoint: Path or address.

    Returns:
        The model, and in JSON's types ``classes``, names in their order or None, and ``prepare``,
        the steps of :func:`.preparation`.

    Raises:
        ValueError: The checkpoint does not fit.
    """
    fit_to_data(cfg, checkpoint=checkpoint)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    cfg.model.backbone.pop('init_cfg', None)  # the checkpoint brings all weights
    model = revert_sync_batchnorm(MODELS.build(cfg.model))
    loaded = load_checkpoint(model, checkpoint, map_location='cpu', logger='silent')
    classes = _classes(loaded.get('meta') or {}, cfg)
    return model.eval(), dict(classes=classes, prepare=preparation(cfg))


def _classes(meta: dict[str, Any], cfg: Config) -> list[str] | None:
    """Return the names that a checkpoint was trained with, else those of the config's data."""
    trained = meta.get('dataset_meta') or {}
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    for known in (trained, dataset.get('metainfo') or {}):
        classes = known.get('classes', known.get('CLASSES'))
        if classes:
            return [str(each) for each in classes]
    return None
