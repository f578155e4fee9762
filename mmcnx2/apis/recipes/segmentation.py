"""Segmentors on folders of images and of masks."""

import math
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmcnx2.apis.calls import CallError
from mmcnx2.apis.recipes.common import (
    all_transforms,
    are_photographs,
    configure_common,
    decide_common,
    keep_colors,
    say_plan,
    set_weights,
    short_sides,
    usual_length,
    usual_size,
)
from mmcnx2.apis.recipes.detectors import HEAD_TABLE
from mmcnx2.apis.recipes.labelled import LabelledRecipe
from mmcnx2.apis.recipes.splits import draw, read_share, split
from mmcnx2.choices import SEGMENTATION_HEADS
from mmcnx2.datasets.labels.colors import (
    ColorTable,
    are_colored,
    convert_mask,
    find_color_table,
)
from mmcnx2.datasets.labels.left_out import LeftOut
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.mask_folder import MASK_EXTENSIONS, read_names
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.first_few import first_few

TRAIN, VAL = 'train.txt', 'val.txt'
_CHANNELS = 'upernet/upernet_convnextv2-atto-fcmae_1xb8-amp-20k_channels-512x512.py'
_IMAGES, _MASKS = ('images', 'image', 'imgs'), ('masks', 'mask', 'annotations', 'labels')
_TRAIN, _VAL = ('train', 'training'), ('val', 'valid', 'validation')


class Segmentation(LabelledRecipe):
    """See :class:`mmcnx2.apis.training.Recipe`.

    Args:
        images: A folder with classes.txt, or another table of classes, images and masks.
        val: The share of the images to keep apart.
        labels: The share of the training images to train on, drawn by the seed; None for all.
        backbone: Arguments of the network, whatever the weights; None for what fits them.
        head: One of :data:`HEAD_TABLE`; None for the first.

    Raises:
        CallError: What the head needs is not installed.
    """

    command = 'segment'

    def __init__(self, images: str, *, head: str | None = None, **options: Any):
        super().__init__(images, **options)
        self.given['head'] = head
        self.name = head or SEGMENTATION_HEADS[0]
        self.head = HEAD_TABLE[self.name]
        self.config = self.head.config
        if self.head.package and find_spec(self.head.package) is None:
            raise CallError(
                'head',
                f"is {self.name}, which needs {self.head.package}: pip install 'mmcnx2[det]', or "
                f'take {SEGMENTATION_HEADS[0]}.',
            )

    def decide(self, given: dict[str, Any], cfg: Config) -> dict[str, Any]:
        root = given['images']
        folders = find_folders(root)
        table = find_color_table(root)
        classes = table.classes if table else read_names(os.path.join(root, 'classes.txt'))
        names = {
            part: [
                os.path.splitext(path)[0]
                for path in list_images(os.path.join(root, pair[0]), readable_endings()).images
            ]
            for part, pair in folders.items()
        }
        files = {}
        if 'val' not in folders:
            share = read_share(given.get('val'))
            if share is None:
                raise CallError('val', f'is {given["val"]}, but a share, such as 0.1, is expected.')
            kept_apart = split(names['train'], share, seed=given.get('seed', 0))
            names = dict(zip(('train', 'val'), kept_apart, strict=True))
            files = {TRAIN: as_list(names['train']), VAL: as_list(names['val'])}
        elif 'val' in given:
            where = os.path.join(root, folders['val'][0])
            raise CallError('val', f"is {given['val']}, but there is '{where}': leave it out.")
        if 'labels' in given:
            names['train'] = draw(names['train'], given['labels'], seed=given.get('seed', 0))
            files[TRAIN] = as_list(names['train'])
        masks = {part: _masks(root, folders.get(part, folders['train'])) for part in names}
        colored = are_colored(list(masks['train'].values()))
        if colored and table:
            wanted = {part: [masks[part].get(name) for name in names[part]] for part in names}
            files |= _convert(root, folders, wanted, table)
        elif colored:
            raise ValueError(
                f"the masks of '{root}' are color pictures: say in classes.txt what the colors "
                "mean, a line such as 'road 128 64 128' for each class."
            )
        images = len(names['train'])
        if not images:
            raise FileNotFoundError(f"'{os.path.join(root, folders['train'][0])}' holds no image.")
        print(
            f'{images} images to train on and {len(names["val"])} to validate with, of '
            f'{len(classes)} classes: {first_few(classes)}.\nTraining {self.head.title}.',
            flush=True,
        )
        decided = decide_common(given, cfg, images=images)
        step = decided['batch_size'] * decided['gpus']
        paths = list_images(os.path.join(root, folders['train'][0]), readable_endings()).images
        paths = [os.path.join(root, folders['train'][0], path) for path in paths]
        sides = short_sides(paths)
        decided |= dict(
            head=self.name,
            photographs=are_photographs(paths) and 'bands' not in given,
            size=usual_size(sides, largest=512),
            **usual_length(images, step, least_steps=2000, few=50, many=200),
            steps_per_epoch=math.ceil(images / step),
            classes=list(classes),
            folders=folders,
            converted=colored,
            files=files,
        )
        decided |= given
        say_plan(decided, images=images)
        return decided

    def configure(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        configure_common(cfg, arguments)
        set_weights(cfg, arguments)
        if not arguments['photographs']:
            keep_colors(cfg, _CHANNELS)
        classes = tuple(arguments['classes'])
        cfg.num_classes = cfg.model.num_classes = len(classes)
        root, folders = os.path.abspath(arguments['images']), arguments['folders']
        split_here = 'val' not in folders
        for loader, part, file, listed in (
            (cfg.train_dataloader, 'train', TRAIN, split_here or 'labels' in arguments),
            (cfg.val_dataloader, 'val', VAL, split_here),
        ):
            pair = folders.get(part, folders['train'])
            masks = os.path.join(cfg.work_dir, pair[1]) if arguments.get('converted') else pair[1]
            loader.dataset.update(
                data_root=root,
                data_prefix=dict(img_path=pair[0], seg_map_path=masks),
                metainfo=dict(classes=classes),
                ann_file=os.path.join(cfg.work_dir, file) if listed else '',
            )
        cfg.data_root = root
        cfg.test_dataloader = cfg.val_dataloader
        self._resize(cfg, arguments['size'])
        self.lengthen(cfg, arguments)

    @staticmethod
    def _resize(cfg: Config, size: int) -> None:
        for each in all_transforms(cfg):
            match each['type']:
                case 'RandomResize' | 'Resize':
                    each['scale'] = (4 * size, size)
                case 'RandomCrop':
                    each['crop_size'] = (size, size)
        cfg.model.data_preprocessor.size = (size, size)

    def lengthen(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        steps = arguments['epochs'] * arguments['steps_per_epoch']
        every = max(1, min(2000, steps // 10))
        cfg.max_iters = cfg.train_cfg.max_iters = steps
        cfg.train_cfg.val_interval = cfg.default_hooks.checkpoint.interval = every
        first, second = cfg.param_scheduler
        first.end = second.begin = min(500, max(1, steps // 20))


def as_list(names: list[str]) -> str:
    """Return a text with the name of an image, without its ending, in each line."""
    return ''.join(f'{name}\n' for name in names)


def _masks(root: str, pair: tuple[str, str]) -> dict[str, str]:
    """Return the masks of a folder by what stands before their endings."""
    folder = os.path.join(root, pair[1])
    names = list_images(folder, MASK_EXTENSIONS).images
    return {os.path.splitext(name)[0]: os.path.join(folder, name) for name in names}


def _convert(
    root: str,
    folders: Mapping[str, tuple[str, str]],
    wanted: Mapping[str, list[str | None]],
    table: ColorTable,
) -> dict[str, bytes]:
    """Return masks of class numbers for color masks, by their names in the folder of the run."""
    files, left_out = {}, LeftOut()
    for part, masks in wanted.items():
        folder = folders.get(part, folders['train'])[1]
        for mask in filter(None, masks):  # a missing one is named when the run looks at its data
            stem = os.path.splitext(os.path.relpath(mask, os.path.join(root, folder)))[0]
            try:
                files[f'{folder}/{stem}.png'] = convert_mask(mask, table, left_out)
            except OSError:
                left_out.add('masks that cannot be read', mask)
    print(
        f"Converted {len(files)} color masks to class numbers by '{table.file}', in the folder of "
        f'the run. {left_out.describe()}'.rstrip(),
        flush=True,
    )
    return files


def find_folders(root: str) -> dict[str, tuple[str, str]]:
    """Find the folders of images and of their masks.

    Args:
        root: A folder with ``images`` and ``masks``, each with ``train`` and ``val`` or with all of
            them; other usual names will do.

    Returns:
        For ``train``, and ``val`` if there is one, the folder of the images and that of the masks,
        below the root.

    Raises:
        FileNotFoundError: One of them is missing.
    """
    if not os.path.isdir(root):
        raise FileNotFoundError(f"folder '{root}' does not exist: give one of images and masks.")
    images, masks = _named(Path(root), _IMAGES), _named(Path(root), _MASKS)
    if not images or not masks:
        raise FileNotFoundError(
            f"'{root}' has no folder '{'masks' if images else 'images'}': images/train, "
            'masks/train, images/val, masks/val and classes.txt are expected in it, or images, '
            'masks and classes.txt.'
        )
    found = {}
    for part, names in (('train', _TRAIN), ('val', _VAL)):
        pair = _named(Path(root, images), names), _named(Path(root, masks), names)
        if all(pair):
            found[part] = (f'{images}/{pair[0]}', f'{masks}/{pair[1]}')
        elif any(pair):
            raise FileNotFoundError(
                f"'{root}' has a folder {part} of {'images' if pair[0] else 'masks'} alone: make "
                'one of the other, too.'
            )
    return found if 'train' in found else dict(train=(images, masks))


def _named(folder: Path, names: tuple[str, ...]) -> str | None:
    """Return the name of the first of some folders that is there."""
    there = {path.name.lower(): path.name for path in folder.iterdir() if path.is_dir()}
    return next((there[name] for name in names if name in there), None)
