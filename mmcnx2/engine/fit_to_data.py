"""A config fitted to its images: their channels, and how they are normalized."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcnx2.datasets.color_only import find_color_only
from mmcnx2.datasets.image_limits import MAX_PIXELS
from mmcnx2.datasets.preflight import dataset_class, leaf_datasets
from mmcnx2.datasets.preflight.pipeline import loading_steps, reading_options
from mmcnx2.datasets.shards import ImageShards
from mmcnx2.datasets.statistics import (
    FILE_NAME,
    SAMPLE,
    DataStatistics,
    UnlikeFilesError,
    measure,
)
from mmcnx2.engine.launch import DATALOADERS, holders
from mmcnx2.first_few import first_few

KEYS = ('normalize', 'in_channels', 'bands')
"""At the top of a config: if one of them is there, be it None, it is fitted to its images."""

_GLANCE = 16  # files, to tell of what kind all are


def fit_to_data(cfg: Config, *, checkpoint: str | None = None, keep: bool = False) -> str | None:
    """Set channels, mean and deviation of a config that has one of :data:`KEYS`, in place.

    ``normalize`` is 'auto', measured on a sample of the training images; 'imagenet'; or the file
    of a run that has measured, or its folder. None takes the first of these that there is: what
    the run in the work folder has measured, what lies beside the weights that the config begins
    with if they saw such images, what the config says for 8-bit RGB (ImageNet's), and 'auto' for
    anything else. A run keeps what was measured in its work folder. Data that cannot be listed or
    read leave the config as it is: the look at the data says what is wrong.

    Where images are no 8-bit RGB, mmcv's ``LoadImageFromFile`` gives way to this project's, which
    keeps what they hold. ``in_channels`` is what the images must have; ``bands`` chooses channels,
    in every transform that loads. The backbone's ``in_channels``, and what names it, follow.

    Args:
        cfg: The config.
        checkpoint: Of a model that is tested as it was trained: by what lies beside it, if anything
            does.
        keep: Write the file, from this process.

    Returns:
        Lines for the log: what the images are, and what normalizes them; None if nobody looked.

    Raises:
        SystemExit: With a sentence: files differ, a key cannot be, or a transform is only meant for
            8-bit color and the images are something else.
    """
    if not any(key in cfg for key in KEYS):
        return None
    try:
        found, why = _choose(cfg, checkpoint)
        if found is not None:
            _fit(cfg, found, why)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {str(error).strip()}') from None
    if found is None:
        return None
    if keep and why is not _AS_IT_SAYS:
        os.makedirs(cfg.work_dir, exist_ok=True)
        found.save(Path(cfg.work_dir) / FILE_NAME)
    return f'{found.describe()}\nNormalized by {why}.'


def trained_kind(cfg: Config, checkpoint: str) -> tuple[str, int] | None:
    """Return dtype and channels of the images that a model was trained with, None if unknown.

    Args:
        cfg: Of its training.
        checkpoint: Its weights: what lies beside them counts.
    """
    beside = Path(checkpoint).parent / FILE_NAME
    if beside.is_file():
        found = DataStatistics.load(beside)
        return found.dtype, found.channels
    # A run keeps no such file where images are as the config says.
    fitted = any(key in cfg for key in KEYS)
    makes_color = any(step['type'] == 'LoadImageFromFile' for step in _loading_steps(cfg))
    return ('uint8', 3) if fitted or makes_color else None


_AS_IT_SAYS = "the config's mean and deviation, as the images are 8-bit RGB"
_IMAGENET = dict(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))


def _choose(cfg: Config, checkpoint: str | None) -> tuple[DataStatistics | None, str]:
    """Return what the images are, and in words what normalizes them; None leaves the config."""
    normalize = cfg.get('normalize')
    own = Path(cfg.get('work_dir') or '.') / FILE_NAME
    if normalize not in (None, 'auto', 'imagenet'):
        return DataStatistics.load(normalize), f"'{normalize}'"
    if checkpoint is not None:
        beside = Path(checkpoint).parent / FILE_NAME
        found = DataStatistics.load(beside) if beside.is_file() else None
        return found, f"'{beside}', beside the checkpoint"
    if normalize != 'imagenet' and cfg.get('resume') and own.is_file():
        return DataStatistics.load(own), f"'{own}', which this run measured before"
    try:
        glance = _measure(cfg, _GLANCE)
    except UnlikeFilesError:
        raise
    except Exception as error:  # the toolboxes' data sets raise many kinds
        if normalize is None:
            return None, ''
        raise ValueError(
            f"normalize='{normalize}', but the images cannot be read: {error}"
        ) from None
    if normalize is None:
        for path in _beside_weights(cfg):
            found = DataStatistics.load(path)
            if found.kind == glance.kind:
                return found, f"'{path}', beside the weights that it begins with"
    if normalize == 'imagenet' and not glance.is_rgb:
        raise ValueError(
            f"normalize='imagenet', but the images are {glance.channels} channels of "
            f"{glance.dtype}, and ImageNet's mean and deviation are of 8-bit RGB: use "
            "normalize='auto'."
        )
    if normalize == 'imagenet':
        return replace(glance, **_IMAGENET), "ImageNet's mean and deviation"
    if glance.is_rgb and normalize is None:
        return glance, _AS_IT_SAYS
    found = _measure(cfg, SAMPLE)
    return found, f'mean and deviation of {found.measured} of the {found.files} images'


def _fit(cfg: Config, found: DataStatistics, why: str) -> None:
    bands, channels = cfg.get('bands'), cfg.get('in_channels')
    if channels not in (None, found.channels):
        raise ValueError(
            f'in_channels={channels}, but the images have {found.channels} channels: leave '
            'in_channels out, or choose as many bands.'
        )
    if not found.is_rgb:
        for step in _loading_steps(cfg):
            if step['type'] == 'LoadImageFromFile':  # mmcv's makes 8-bit color of anything
                step['type'] = 'mmcnx2.LoadImageFromFile'
            step['fill'] = list(found.mean)
            if bands or found.bands:
                step['bands'] = list(bands or found.bands)
        _refuse_color_only(cfg, found)
    if why is not _AS_IT_SAYS:
        cfg.model.data_preprocessor.update(mean=list(found.mean), std=list(found.std))
        cfg.model.backbone.in_channels = found.channels


def _beside_weights(cfg: Config) -> Iterator[Path]:
    paths = [cfg.get('load_from')]
    paths += [node['checkpoint'] for _, node in holders(cfg.model, 'checkpoint', 'model')]
    for path in paths:
        if path and '://' not in path and (beside := Path(path).parent / FILE_NAME).is_file():
            yield beside


def _measure(cfg: Config, sample: int) -> DataStatistics:
    files, options, max_pixels = [], None, MAX_PIXELS
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope')):
        for dataset in leaf_datasets(cfg.train_dataloader.dataset):
            files += _files(dataset, sample)
            pipeline = dataset.get('pipeline') or ()
            options = options or reading_options(pipeline)
            for step in loading_steps(pipeline):
                max_pixels = step.get('max_pixels', max_pixels)
    if cfg.get('bands'):
        options = replace(options, bands=tuple(cfg.bands))
    return measure(files, options=options, sample=sample, max_pixels=max_pixels)


def _files(dataset: Mapping, sample: int) -> Sequence:
    """Return a data set's files: paths, or of shards the first images and their contents."""
    kind = dataset_class(dataset)
    options = {key: value for key, value in dataset.items() if key != 'type'}
    if issubclass(kind, ImageShards):
        return list(islice(kind(**options | dict(pipeline=[])).files(), sample))
    built = kind(**options | dict(pipeline=[], serialize_data=False))
    built.full_init()
    return [entry['img_path'] for entry in built.data_list]


def _refuse_color_only(cfg: Config, found: DataStatistics) -> None:
    wrong = [
        clause for key, steps in _pipelines(cfg).items() for clause in find_color_only(steps, key)
    ]
    if wrong:
        raise ValueError(
            f'{len(wrong)} transforms are only meant for 8-bit color, but the images are '
            f'{found.channels} channels of {found.dtype}: {first_few(wrong, 8)}.'
        )


def _pipelines(cfg: Config) -> dict[str, Sequence]:
    """Return the pipelines of a config by their dotted keys."""
    found = {'tta_pipeline': cfg.get('tta_pipeline') or ()}
    for name in DATALOADERS:
        dataset = (cfg.get(name) or {}).get('dataset')
        for number, leaf in enumerate(leaf_datasets(dataset) if dataset else ()):
            key = f'{name}.dataset.pipeline' + (f' ({number + 1}.)' if number else '')
            found[key] = leaf.get('pipeline') or ()
    return found


def _loading_steps(cfg: Config) -> Iterator[dict]:
    for pipeline in _pipelines(cfg).values():
        yield from loading_steps(pipeline)
