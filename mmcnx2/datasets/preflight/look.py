"""The look at the data before training and testing: which files, which route, one report."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy

from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope
from torch import nn

from mmcnx2.datasets.classes import check_classes
from mmcnx2.datasets.preflight.batches import check_batches
from mmcnx2.datasets.preflight.findings import Findings, Report
from mmcnx2.datasets.readers.opencv_log import without_opencv_warnings

# The class that a data set derives from, by the toolbox and its name -> how it is looked at.
_ROUTES = {
    ('mmseg', 'BaseSegDataset'): 'masks',
    ('mmdet', 'CocoDataset'): 'coco',
    ('mmpretrain', 'CustomDataset'): 'folders',
    ('mmpretrain', 'MultiLabelDataset'): 'folders',
    ('mmcnx2', 'ImageFolderUnlabelled'): 'unlabelled',
}


def look_at_data(
    cfg: Config,
    loaders: Mapping[str, Mapping],
    *,
    model: nn.Module | None = None,
    classes: Sequence[str] | None = None,
    processes: int = 1,
) -> Report:
    """Look at the data of a run: all problems of all files, before the first is loaded.

    Args:
        cfg: Config of the run.
        loaders: Configs of the data loaders by name, of ``train``, ``val`` and ``test``.
        model: To be trained, if it is.
        classes: That a tested model was trained with, by label.
        processes: That take part.
    """
    found = []
    hooks = cfg.get('default_hooks') or {}  # mmcnx2.UnreadableImagesHook replaces in training
    guard = hooks.get('unreadable') or {}
    scope = DefaultScope.overwrite_default_scope(cfg.get('default_scope'))
    with scope, without_opencv_warnings():
        for name, loader in loaders.items():
            replaced = guard.get('max_unreadable', 0.0) if name == 'train' else 0.0
            findings = Findings(name, max_unreadable=replaced)
            for options in leaf_datasets(loader['dataset']):
                _look(findings, options, cfg)
            check_batches(findings, loader, model=model, processes=processes)
            found.append(findings)
    _check_same_classes(found, classes)
    return Report(tuple(found))


def leaf_datasets(dataset: Mapping) -> Iterator[Mapping]:
    """Yield the configs of the data sets within wrappers such as ``RepeatDataset``."""
    inner = dataset.get('datasets') or dataset.get('dataset')
    if inner is None:
        yield dataset
    for entry in inner if isinstance(inner, list | tuple) else filter(None, [inner]):
        yield from leaf_datasets(entry)


def predicts_masks(model: Mapping) -> bool:
    """Whether a model of mmdet learns masks of objects, by its config."""
    if model.get('roi_head'):
        return bool(model['roi_head'].get('mask_head'))
    heads = [model.get(name) for name in ('mask_head', 'bbox_head', 'panoptic_head')]
    return bool(heads[0]) or any(isinstance(h, Mapping) and h.get('loss_mask') for h in heads)


def dataset_class(options: Mapping) -> type | None:
    """Return the class that a data set's config names, in the scope that is the default now."""
    if not isinstance(options['type'], str):
        return options['type']
    with DATASETS.switch_scope_and_registry(None) as registry:
        return registry.get(options['type'])


def _look(findings: Findings, options: Mapping, cfg: Config) -> None:
    kind = dataset_class(options)
    if kind is None:
        findings.unseen = options['type']
        return
    route = _route(kind)
    if '://' in str(options.get('data_root')) and route != 'unlabelled':
        route = None
    scored = findings.name != 'train' and not _formats_only(cfg.get(f'{findings.name}_evaluator'))
    options = {key: value for key, value in deepcopy(options).items() if key != 'type'}
    try:
        match route:
            case 'coco':
                from mmcnx2.datasets.preflight.coco import look_at_coco

                masks = predicts_masks(cfg.model)
                look_at_coco(findings, kind, options, scored=scored, predicts_masks=masks)
            case 'masks':
                from mmcnx2.datasets.preflight.masks import look_at_masks

                look_at_masks(findings, _build(kind, options), options, scored=scored)
            case 'folders':
                from mmcnx2.datasets.preflight.folders import look_at_folders

                look_at_folders(findings, _build(kind, options), options, scored=scored)
            case 'unlabelled':
                from mmcnx2.datasets.preflight.unlabelled import look_at_unlabelled

                look_at_unlabelled(findings, _build(kind, options))
            case _:
                findings.unseen = kind.__name__
    except (OSError, ValueError, RuntimeError, AssertionError) as error:  # as toolboxes refuse
        findings.refuse(error)


def _build(kind: type, options: Mapping):
    """Build a data set that lists its files and loads none."""
    return kind(**{**options, 'pipeline': [], 'serialize_data': False, 'lazy_init': False})


def _route(kind: type) -> str | None:
    """Return how a class of data sets is looked at, None if nobody knows."""
    for base in kind.__mro__:
        route = _ROUTES.get((base.__module__.partition('.')[0], base.__name__))
        if route == 'coco' and not _is_plain_coco(kind):
            return None  # LVIS and panoptic files have other keys
        if route:
            return route
    return None


def _is_plain_coco(kind: type) -> bool:
    from mmdet.datasets import CocoDataset

    return kind.COCOAPI is CocoDataset.COCOAPI and kind.load_data_list is CocoDataset.load_data_list


def _formats_only(evaluator: Mapping | Sequence | None) -> bool:
    metrics = evaluator if isinstance(evaluator, list | tuple) else [evaluator or {}]
    return any(metric.get('format_only') for metric in metrics)


def _check_same_classes(found: Sequence[Findings], trained: Sequence[str] | None) -> None:
    """Add that labels mean other classes than in training, or than those of a trained model."""
    training = next((f.classes for f in found if f.name == 'train'), None)
    for findings in found:
        for classes, name in ((training, 'training data'), (trained, 'the checkpoint')):
            if not (classes and findings.classes):
                continue
            try:
                mend = 'give both the same classes, such as the same class folders'
                names = (f'{findings.name} data', name)
                check_classes(findings.classes, classes, names=names, mend=mend)
            except ValueError as error:
                findings.refuse(error)
