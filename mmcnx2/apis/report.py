"""From a run's folder to the page about it."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from mmcnx2.analysis.classified_pictures import (
    classify_pictures,
    read_labels,
    score_classified,
)
from mmcnx2.analysis.embedding import LOOKS, Embedder, Look
from mmcnx2.analysis.encoders import load_encoder
from mmcnx2.analysis.label_scores import score_labels
from mmcnx2.analysis.pictures import choose_images, find_images, read_batches, thumbnails
from mmcnx2.analysis.predictions import count_pictures, draw_files, draw_predictions, read_truth
from mmcnx2.analysis.reconstruction import load_fcmae, reconstruct_files
from mmcnx2.analysis.report.classes import scores_by_class_section
from mmcnx2.analysis.report.curves import curves_section, scores_section, share_waiting
from mmcnx2.analysis.report.features import features_section, measure_quality, untrained_like
from mmcnx2.analysis.report.galleries import (
    classified_section,
    predictions_section,
    reconstructions_section,
)
from mmcnx2.analysis.report.labels import labels_section
from mmcnx2.analysis.report.map import map_section, neighbors_section, oddities_sections
from mmcnx2.analysis.report.page import Page, Section
from mmcnx2.analysis.report.verdict import Facts, judge
from mmcnx2.analysis.scored_pictures import score_pictures
from mmcnx2.analysis.shown import Shown, choose_shown
from mmcnx2.analysis.training_log import read_scalars
from mmcnx2.apis.recipes.classification import find_folders, labelled_images
from mmcnx2.apis.recipes.common import short_sides, usual_size
from mmcnx2.apis.report_commands import commands_of
from mmcnx2.apis.run import Run
from mmcnx2.datasets.labelled_folder import class_folders
from mmcnx2.datasets.preflight.pipeline import image_reader, reading_options
from mmcnx2.engine.device import choose_device
from mmcnx2.engine.fit_to_data import fit_to_data, trained_kind
from mmcnx2.engine.resuming.scan import checkpoint_folders, scan

_RECONSTRUCTED, _PREDICTED, _CLASSIFIED, _SCORED, _CHECKPOINTS = 6, 5, 6, 100, 3
_SIDE, _LARGE, _DRAWN = 96, 224, 320  # pixels
_NOT_COLOR = (
    'They are looked at of 8-bit color alone, as yet. mmcnx2 reconstruct and mmcnx2 predict draw '
    'three channels of others (--show).'
)
_ENOUGH = 32  # directions that there could be, to judge how many are used
_SCORES = ('accuracy/top1', 'multi-label/mAP', 'coco/bbox_mAP', 'coco/segm_mAP', 'mIoU')
_PACKAGES = ('mmcnx2', 'torch', 'torchvision', 'mmengine', 'mmpretrain', 'mmdet', 'mmsegmentation',
             'numpy')  # fmt: skip


def make_report(
    run: Run,
    *,
    images: str | None,
    count: int,
    device: str | None,
    labelled: str | None = None,
) -> Page:
    """Look at a run and its network.

    Args:
        run: The run.
        images: Pictures to look at; None takes those that it learnt from.
        count: How many of them.
        device: Such as 'cpu'; None takes what there is.
        labelled: Folder of class folders to score the features by; None takes a classifier's own
            validation pictures.

    Raises:
        OSError: The run has no checkpoint, or its pictures are not there.
    """
    cfg = Config.fromfile(run.config)
    scalars = read_scalars(run.folder, training_alone=True)
    logged = read_scalars(run.folder)
    checkpoints = _checkpoints(run)
    files = find_images([images or _images_of(run)])
    paths = choose_images(files, count)
    size = run.arguments.get('size')
    if not isinstance(size, int):
        size = usual_size(short_sides(paths), largest=224)
    target = str(choose_device(device))
    step = run.arguments['batch_size'] * run.arguments.get('gpus', 1)
    scores = {name: logged[name] for name in _SCORES if name in logged}

    sections = [curves_section(scalars, images_a_step=step)]
    if scores:
        sections.append(scores_section(scores))
    kind = trained_kind(cfg, run.checkpoint) or ('uint8', 3)
    if not (color := kind == ('uint8', 3)):
        cfg.model.backbone.pop('init_cfg', None)  # the checkpoints bring all weights
        fit_to_data(cfg, checkpoint=run.checkpoint)
    pipeline = cfg.train_dataloader.dataset.pipeline
    shown = choose_shown(*kind, bands=reading_options(pipeline).bands)
    if run.command == 'pretrain':
        reader = image_reader(pipeline)
        results = {
            name: reconstruct_files(
                load_fcmae(cfg, path).to(target),
                paths[:_RECONSTRUCTED],
                size=size,
                seed=0,
                reader=reader,
            )
            for name, path in checkpoints.items()
        }
        sections.append(reconstructions_section(results, shown=shown))
    if run.command in ('detect', 'segment'):
        sections += _predictions(cfg, run.checkpoint, target, shown, color=color)
    if _has_one_class_each(run) and color:
        sections += _classifications(cfg, run.checkpoint, target)
    quality = None
    if color:
        features, quality = _look_at_features(checkpoints, run.config, paths, size, target)
        sections += features
        if labels := _labels(run, cfg, labelled, count):
            sections.append(_score_labels(run, labels, size, target, own=labelled is None))
    else:
        sections.append(Section(title='Features', note=_NOT_COLOR))
    sections += _settings(run, cfg, found=len(files))
    findings = judge(_facts(scalars, scores, quality))
    return Page(
        title=f'{Path(run.folder).absolute().name}: a run of mmcnx2 {run.command}',
        findings=findings,
        commands=commands_of(run, findings),
        sections=sections,
    )


def _has_one_class_each(run: Run) -> bool:
    return run.command == 'finetune' and not run.arguments.get('several')


def _images_of(run: Run) -> str:
    folder = run.arguments['images']
    if run.command == 'segment':  # masks are pictures, too
        return os.path.join(folder, run.arguments['folders']['train'][0])
    return folder


def _predictions(
    cfg: Config, checkpoint: str, device: str, of: Shown, *, color: bool
) -> list[Section]:
    how = f' Drawn are {of.describe()}.' if of.stretched else ''
    count = count_pictures(cfg)
    scores = score_pictures(cfg, checkpoint, _spread(count, _SCORED), device=device)
    shown = []
    for title, numbers, note in (
        ('Predictions', _spread(count, _PREDICTED), 'Pictures spread over the validation set.'),
        ('Worst pictures', scores.worst(_PREDICTED), f'The lowest {scores.measure} of a picture.'),
    ):
        if numbers:
            pictures, truth = read_truth(cfg, numbers, side=_DRAWN)
            if color:
                found = draw_predictions(cfg, checkpoint, pictures)
            else:
                found = draw_files(cfg, checkpoint, numbers, side=_DRAWN, device=device)
            shown.append(predictions_section(title, truth, found, note + how))
    return [shown[0], scores_by_class_section(scores), *shown[1:]]


def _classifications(cfg: Config, checkpoint: str, device: str) -> list[Section]:
    found = classify_pictures(cfg, checkpoint, _spread(count_pictures(cfg), _SCORED), device=device)
    scores = score_classified(found, cfg.val_dataloader.dataset.metainfo.classes)
    numbers = list(found)
    shown = []
    for title, chosen, note in (
        (
            'Predictions',
            [numbers[i] for i in _spread(len(numbers), _CLASSIFIED)],
            'Pictures spread over the validation set.',
        ),
        (
            'Worst pictures',
            scores.worst(_CLASSIFIED),
            'Those whose own class it holds for the least probable; a label may be wrong, too.',
        ),
    ):
        pictures = [found[number] for number in chosen]
        drawn = list(thumbnails([each.path for each in pictures], _LARGE))
        shown.append(classified_section(title, drawn, pictures, note))
    return [shown[0], scores_by_class_section(scores), shown[1]]


def _labels(run: Run, cfg: Config, labelled: str | None, count: int) -> dict[str, str]:
    """Return paths of pictures and their classes, of as many classes as possible."""
    if labelled is not None:
        train, val = find_folders(labelled, None)
        root = val or train
        inside = labelled_images(root, class_folders(root))
        found = {os.path.join(root, path): name for path, (name,) in inside.items()}
    elif _has_one_class_each(run):
        found = read_labels(cfg)
    else:
        return {}
    chosen = choose_images(list(found), count)
    several = len({found[path] for path in chosen}) > 1
    return {path: found[path] for path in chosen} if several else {}


def _score_labels(
    run: Run, labels: Mapping[str, str], size: int, device: str, *, own: bool
) -> Section:
    encoder = load_encoder('it', run.checkpoint, run.config, device=device)
    plain = replace(encoder, net=untrained_like(encoder.net), norm=None)
    scores, names = [], sorted(set(labels.values()))
    for each in (encoder, plain):
        vectors = _vectors(Embedder(each, size=size), list(labels), LOOKS[0])
        numbers = np.array([names.index(labels[path]) for path in vectors])
        scores.append(score_labels(np.stack(list(vectors.values())), numbers))
    source = 'of the validation set' if own else 'with labels'
    read = [labels[path] for path in vectors]
    return labels_section(*scores, read, source=source)


def _spread(count: int, most: int) -> list[int]:
    return sorted({round(i) for i in np.linspace(0, count - 1, most)})


def _checkpoints(run: Run) -> dict[str, str]:
    """Return the newest checkpoints by name, the oldest first.

    Raises:
        FileNotFoundError: There is none.
    """
    newest = run.checkpoint  # or its error
    saved = sorted(scan(checkpoint_folders(run.folder)).saved, key=lambda each: each.order)
    paths = [str(each.path) for each in saved if each.order][-_CHECKPOINTS:]
    return {Path(path).stem: path for path in paths or [newest]}


def _facts(scalars: Mapping, scores: Mapping, quality) -> Facts:
    first = next(iter(scores.values()), ((), ()))[1]
    percent = 1 if not first or max(first) > 1 else 100  # mmdet scores from 0 to 1
    return Facts(
        losses=scalars.get('loss', ((), ()))[1],
        steps=max(scalars['loss'][0]) if scalars.get('loss') else None,
        waiting=share_waiting(scalars),
        diversity=quality.diversity if quality else (),
        rank=quality.ranks[-1] if quality and quality.most[-1] >= _ENOUGH else None,
        scores=[percent * score for score in first],
    )


def _look_at_features(
    checkpoints: Mapping[str, str], config: str, paths: Sequence[str], size: int, device: str
) -> tuple[list[Section], object]:
    encoders = {
        name: load_encoder(name, path, config, device=device) for name, path in checkpoints.items()
    }
    *_, encoder = encoders.values()
    embedder = Embedder(encoder, size=size)
    looks = {look: _vectors(embedder, paths, look) for look in LOOKS}
    paths = [path for path in paths if path in looks[LOOKS[0]]]
    if len(paths) < 3:
        raise ValueError(f'{len(paths)} pictures can be read, but a report takes 3 or more.')
    batches = [encoder.normalize(b) for b in read_batches(paths, size, batch_size=16)]
    qualities = {name: measure_quality(each.net, batches) for name, each in encoders.items()}
    untrained = measure_quality(untrained_like(encoder.net), batches)
    shown = list(thumbnails(paths, _SIDE))
    straight, *others = (np.stack([found[path] for path in paths]) for found in looks.values())
    sections = [
        features_section(qualities, untrained, pictures=len(paths)),
        neighbors_section(straight, shown),
        map_section(straight, shown),
        *oddities_sections(straight, others, shown, paths),
    ]
    return sections, list(qualities.values())[-1]


def _vectors(embedder: Embedder, paths: Sequence[str], look: Look) -> dict[str, np.ndarray]:
    """Return vectors by path, of pictures that can be read."""
    found = {}
    for names, part, _ in embedder.stream(paths, look=look):
        found.update(zip(names, part, strict=True))
    return found


def _settings(run: Run, cfg: Config, *, found: int) -> list[Section]:
    shown = {
        name: str(value)
        for name, value in run.arguments.items()
        if name not in ('folders', 'classes', 'set')
    }
    shown['pictures found'] = str(found)
    shown['optimizer'] = str(cfg.optim_wrapper.optimizer.type)
    shown |= {key: str(value) for key, value in run.arguments.get('set', {}).items()}
    return [
        Section(title='Data and settings', table=[['setting', 'value'], *map(list, shown.items())]),
        Section(title='Versions', table=[['what', 'version'], *_versions()]),
    ]


def _versions() -> list[list[str]]:
    rows = [['Python', platform.python_version()], ['machine', platform.platform()]]
    if torch.cuda.is_available():
        rows.append(['GPU', torch.cuda.get_device_name()])
    for name in _PACKAGES:
        try:
            rows.append([name, version(name)])
        except PackageNotFoundError:
            continue
    return rows
