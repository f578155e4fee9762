"""How pictures are resized before a model sees them, from the test pipeline of its config."""

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config


def preparation(cfg: Config) -> list[dict[str, Any]]:
    """Return the steps that bring a picture to the size of the model's tests.

    Returns:
        Steps in their order, which :mod:`mmcnx2.apis.exported.prepare` takes: ``dict(step='fit',
        size=[width, height])`` keeps the ratio, ``'stretch'`` does not, ``'short_side'`` and
        ``'middle'`` (a crop) have one number each. Empty if the config says nothing of it.
    """
    steps = []
    for transform in _pipeline(cfg):
        step = _step(transform)
        if step:
            steps.append(step | dict(smooth=transform.get('interpolation', 'bilinear')))
    return steps


def _step(transform: Mapping[str, Any]) -> dict[str, Any] | None:
    scale = transform.get('scale')
    match transform['type']:
        case 'ResizeEdge' if transform.get('edge', 'short') == 'short':
            return dict(step='short_side', size=scale)
        case 'CenterCrop':
            return dict(step='middle', size=transform['crop_size'])
        case 'Resize' if isinstance(scale, int):
            return dict(step='stretch', size=[scale, scale])
        case 'Resize' if scale is not None:
            step = 'fit' if transform.get('keep_ratio') else 'stretch'
            return dict(step=step, size=list(scale))
    return None


def _pipeline(cfg: Config) -> list[Mapping[str, Any]]:
    for name in ('test_dataloader', 'val_dataloader'):
        dataset = (cfg.get(name) or {}).get('dataset') or {}
        while 'pipeline' not in dataset and 'dataset' in dataset:  # a wrapper
            dataset = dataset['dataset']
        if dataset.get('pipeline'):
            return dataset['pipeline']
    return []
