"""Detectors on COCO's, YOLO's or VOC's data, with masks where objects have some."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mmengine.config import Config

from mmcnx2.apis.calls import CallError
from mmcnx2.apis.recipes.coco_folders import CocoPart
from mmcnx2.apis.recipes.common import (
    all_transforms,
    configure_common,
    decide_common,
    say_plan,
    set_weights,
    short_sides,
    usual_length,
    usual_size,
)
from mmcnx2.apis.recipes.detectors import DETECTOR_TABLE
from mmcnx2.apis.recipes.labelled import LabelledRecipe
from mmcnx2.apis.recipes.object_folders import find_objects
from mmcnx2.apis.recipes.splits import draw, read_share, split
from mmcnx2.choices import DETECTORS
from mmcnx2.datasets.coco_file import class_names, segmentation_of
from mmcnx2.first_few import first_few

TRAIN, VAL = 'train.json', 'val.json'


class Detection(LabelledRecipe):
    """See :class:`mmcnx2.apis.training.Recipe`.

    Args:
        images: Folder of a data set in COCO's, YOLO's or VOC's format.
        val: Another one, or the share of the images to keep apart.
        labels: The share of the training images to train on, drawn by the seed; None for all.
        backbone: Arguments of the network, whatever the weights; None for what fits them.
        detector: One of :data:`DETECTOR_TABLE`; None for the first.
    """

    command = 'detect'

    def __init__(self, images: str, *, detector: str | None = None, **options: Any):
        super().__init__(images, **options)
        self.given['detector'] = detector
        self.name = detector or DETECTORS[0]
        self.detector = DETECTOR_TABLE[self.name]
        self.config = self.detector.config

    def decide(self, given: dict[str, Any], cfg: Config) -> dict[str, Any]:
        parts, files = _parts(given)
        train, val = parts['train'], parts['val']
        classes = class_names(train.contents)
        objects = train.contents['annotations']
        if not objects:
            where = train.file if os.path.isfile(train.file) else given['images']
            raise ValueError(f"'{where}' has no objects: annotate some first.")
        masks = all(segmentation_of(each) for each in objects if not each.get('iscrowd'))
        title = self.detector.title if masks else self.detector.boxes_alone
        if title is None:
            able = [name for name, each in DETECTOR_TABLE.items() if each.boxes_alone]
            raise CallError(
                'detector',
                f"is {self.name}, which learns masks, but objects of '{given['images']}' have "
                f'boxes alone: add masks, or take {", ".join(able[:-1])} or {able[-1]}.',
            )
        names = [image['file_name'] for image in train.contents['images']]
        if 'labels' in given:
            train = parts['train'] = _with_labels(train, given['labels'], given.get('seed', 0))
            files[TRAIN] = json.dumps(train.contents)
            objects = train.contents['annotations']
        images = len(train.contents['images'])
        print(
            f'{images} images to train on and {len(val.contents["images"])} to validate with, '
            f'{len(objects)} objects {"with masks" if masks else "without masks: boxes alone"}, of '
            f'{len(classes)} classes: {first_few(classes)}.\n'
            f'Training {title}{" on the boxes" if masks and not self.detector.masks else ""}.',
            flush=True,
        )
        decided = decide_common(given, cfg, images=images)
        step = decided['batch_size'] * decided['gpus']
        sides = short_sides(os.path.join(train.images, name) for name in names)
        decided |= dict(
            detector=self.name,
            size=usual_size(sides, largest=crop_side(cfg), smallest=128),
            **usual_length(
                images, step, least_steps=1500, few=self.detector.few, many=self.detector.many
            ),
            steps_per_epoch=math.ceil(images / step),
            classes=list(classes),
            masks=masks and self.detector.masks,
            data={name: dict(file=part.file, images=part.images) for name, part in parts.items()},
            files=files,
        )
        decided |= given
        say_plan(decided, images=images)
        return decided

    def configure(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        configure_common(cfg, arguments)
        set_weights(cfg, arguments)
        classes = tuple(arguments['classes'])
        cfg.num_classes = cfg.model.num_classes = len(classes)
        if not arguments['masks'] and 'roi_head' in cfg.model:
            cfg.model.roi_head.mask_head = None
        root = os.path.abspath(arguments['images'])
        files = {}
        for name, loader in (('train', cfg.train_dataloader), ('val', cfg.val_dataloader)):
            part = arguments['data'][name]
            # Files that were split or converted lie in the folder of the run.
            files[name] = os.path.join(cfg.work_dir, part['file'])
            loader.dataset.pop('classes_from', None)
            loader.dataset.update(
                data_root=root,
                ann_file=files[name],
                data_prefix=dict(img=part['images']),
                metainfo=dict(classes=classes),
            )
        cfg.data_root = root
        cfg.test_dataloader = cfg.val_dataloader
        cfg.val_evaluator.ann_file = files['val']
        cfg.test_evaluator = cfg.val_evaluator
        self._resize(cfg, arguments['size'])
        self.lengthen(cfg, arguments)

    @staticmethod
    def _resize(cfg: Config, size: int) -> None:
        if size == crop_side(cfg):
            return
        for each in all_transforms(cfg):
            match each['type']:
                case 'RandomResize':
                    each['scale'] = (size, size)
                case 'RandomCrop':
                    each['crop_size'] = (size, size)
                case 'Resize':
                    each['scale'] = (size, size)
        for each in cfg.model.data_preprocessor.get('batch_augments', ()):
            each['size'] = (size, size)

    def lengthen(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        epochs = arguments['epochs']
        steps = epochs * arguments['steps_per_epoch']
        cfg.train_cfg.max_epochs = epochs
        first = cfg.param_scheduler[0]
        first.end = min(first.end, max(1, steps // 10))


def crop_side(cfg: Config) -> int:
    """Return the side in pixels of the crops that a recipe trains with."""
    kinds = {each['type']: each for each in cfg.train_dataloader.dataset.pipeline}
    return kinds['RandomCrop']['crop_size'][0]


def _parts(given: Mapping[str, Any]) -> tuple[dict[str, CocoPart], dict[str, str]]:
    """Return the data to train on and to validate with, and the files to write for them."""
    parts = find_objects(given['images'])
    val = given.get('val')
    share = read_share(val)
    if share is None:
        other = find_objects(val)
        parts['val'] = other.get('val', other['train'])
    elif 'val' not in parts:
        parts = _split(parts['train'], share, seed=given.get('seed', 0))
    elif val is not None:
        where = parts['val'].file or parts['val'].images
        raise CallError('val', f"is {val}, but '{where}' is there to validate with: leave it out.")
    files = {}
    for name, file in (('train', TRAIN), ('val', VAL)):
        if not parts[name].file:
            files[file] = json.dumps(parts[name].contents)
            parts[name] = replace(parts[name], file=file)
    return parts, files


def _split(whole: CocoPart, share: float, *, seed: int) -> dict[str, CocoPart]:
    ids = [image['id'] for image in whole.contents['images']]
    return {
        name: CocoPart('', whole.images, _subset(whole.contents, set(chosen)))
        for name, chosen in zip(('train', 'val'), split(ids, share, seed=seed), strict=True)
    }


def _with_labels(part: CocoPart, share: float, seed: int) -> CocoPart:
    """Draw a share of the images with objects, and of those without."""
    ids = [image['id'] for image in part.contents['images']]
    labelled = {each.get('image_id') for each in part.contents['annotations']}
    chosen = draw(ids, share, seed=seed, groups=[each in labelled for each in ids])
    return CocoPart(TRAIN, part.images, _subset(part.contents, set(chosen)))


def _subset(contents: dict, ids: set) -> dict:
    return contents | dict(
        images=[image for image in contents['images'] if image['id'] in ids],
        annotations=[each for each in contents['annotations'] if each.get('image_id') in ids],
    )
