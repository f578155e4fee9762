"""A classifier for one's own classes, a folder each."""

import os
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmcnx2.apis.calls import CallError
from mmcnx2.apis.recipes.common import (
    all_transforms,
    are_photographs,
    configure_common,
    decide_common,
    keep_colors,
    length_by_epochs,
    say_plan,
    set_weights,
    short_sides,
    usual_length,
    usual_size,
)
from mmcnx2.apis.recipes.labelled import LabelledRecipe
from mmcnx2.apis.recipes.labelled_table import read_labelled
from mmcnx2.apis.recipes.splits import draw, read_share, split
from mmcnx2.datasets.labelled_folder import class_folders
from mmcnx2.datasets.labels.table import is_table
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.first_few import first_few

TRAIN, VAL = 'train.txt', 'val.txt'
_CROP = 256 / 224  # in tests the short side is so much longer than the crop


class Classification(LabelledRecipe):
    """See :class:`mmcnx2.apis.training.Recipe`.

    Args:
        images: A folder of class folders, one with such folders train and val, or a table.
        val: Another such folder, or the share of the images to keep apart.
        labels: The share of the training images to train on, drawn of each class by the
            seed; None for all.
        backbone: Arguments of the network, whatever the weights; None for what fits them.
    """

    command = 'finetune'
    config = 'convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py'

    def decide(self, given: dict[str, Any], cfg: Config) -> dict[str, Any]:
        kept, val = [], None
        if is_table(given['images']):
            train, samples, kept = read_labelled(given['images'])
            classes = tuple(sorted(set(samples.values())))
            if kept and 'val' in given:
                raise CallError(
                    'val', f"is {given['val']}, but '{given['images']}' says it: leave it out."
                )
        else:
            train, val = find_folders(given['images'], given.get('val'))
            classes = class_folders(train)
            samples = labelled_images(train, classes)
        check_classes(given['images'], classes, samples)
        files, parts = {}, dict(train=train, val=val)
        apart = set(kept)
        trained_on = [path for path in samples if path not in apart]
        if val:
            kept = list(labelled_images(val, classes))
        elif not kept:
            trained_on, kept = split(
                trained_on,
                _share(given.get('val')),
                seed=given.get('seed', 0),
                groups=samples.values(),
            )
        if not val:
            files = {
                TRAIN: as_list(trained_on, samples, classes),
                VAL: as_list(kept, samples, classes),
            }
        paths = [os.path.join(train, path) for path in trained_on]
        if 'labels' in given:
            groups = [samples[path] for path in trained_on]
            trained_on = draw(trained_on, given['labels'], seed=given.get('seed', 0), groups=groups)
            files[TRAIN] = as_list(trained_on, samples, classes)
        print(
            f'{len(trained_on)} images to train on and {len(kept)} to validate with, of '
            f'{len(classes)} classes: {first_few(classes)}.',
            flush=True,
        )
        decided = decide_common(given, cfg, images=len(trained_on))
        step = decided['batch_size'] * decided['gpus']
        sides = short_sides(paths)
        decided |= dict(
            photographs=are_photographs(paths) and 'bands' not in given,
            size=usual_size(sides, largest=224),
            **usual_length(len(trained_on), step, least_steps=1000, few=50, many=200),
            folders=parts,
            classes=list(classes),
            files=files,
        )
        decided |= given
        say_plan(decided, images=len(trained_on))
        return decided

    def configure(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        configure_common(cfg, arguments)
        set_weights(cfg, arguments)
        if not arguments['photographs']:
            keep_colors(cfg, 'convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_channels.py')
        classes = arguments['classes']
        cfg.num_classes = cfg.model.num_classes = len(classes)
        train, val = arguments['folders']['train'], arguments['folders']['val']
        for loader, root, name, listed in (
            (cfg.train_dataloader, train, TRAIN, not val or 'labels' in arguments),
            (cfg.val_dataloader, val or train, VAL, not val),
        ):
            loader.dataset.pop('classes_from', None)
            loader.dataset.update(
                data_root=root,
                data_prefix='',
                ann_file=os.path.join(cfg.work_dir, name) if listed else '',
                metainfo=dict(classes=classes),
            )
        cfg.data_root = train
        size = arguments['size']
        for each in all_transforms(cfg):
            match each['type']:
                case 'RandomResizedCrop':
                    each['scale'] = size
                case 'ResizeEdge':
                    each['scale'] = round(_CROP * size)
                case 'CenterCrop':
                    each['crop_size'] = size
        cfg.test_dataloader = cfg.val_dataloader
        self.lengthen(cfg, arguments)

    def lengthen(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        length_by_epochs(cfg, arguments['epochs'], warm_up=0.1)


def _share(val: str | None) -> float:
    share = read_share(val)
    if share is None:
        raise CallError('val', f"is '{val}', but a share, such as 0.1, is expected with a table.")
    return share


def find_folders(images: str, val: str | None) -> tuple[str, str | None]:
    """Return the folders of class folders to train on and to validate with, None for a share.

    Raises:
        FileNotFoundError: One of them does not exist.
        CallError: ``val`` says what the folders say otherwise.
    """
    if not os.path.isdir(images):
        raise FileNotFoundError(f"folder '{images}' does not exist: give one of class folders.")
    given = None if val is None or read_share(val) is not None else val
    if given is not None and not os.path.isdir(given):
        raise FileNotFoundError(f"validation folder '{given}' does not exist: give one that does.")
    own = {each.lower(): each for each in class_folders(images)}
    if 'train' not in own:
        return images, given
    train = os.path.join(images, own['train'])
    named = next((own[name] for name in ('val', 'valid', 'validation') if name in own), None)
    if named is not None and val is not None:
        raise CallError('val', f"is '{val}', but '{images}' has a folder '{named}': leave it out.")
    return train, os.path.join(images, named) if named else given


def labelled_images(root: str, classes: tuple[str, ...]) -> dict[str, str]:
    """Return path below a folder and class of each image in class folders.

    Raises:
        FileNotFoundError: There are no class folders, or no images in them.
        ValueError: There are class folders of other names.
    """
    names = class_folders(root)
    if unknown := sorted(set(names) - set(classes)):
        raise ValueError(
            f"'{root}' has class folders that training does not have: {first_few(unknown)}; "
            'rename or remove them.'
        )
    found = {
        f'{name}/{path}': name
        for name in names
        for path in list_images(os.path.join(root, name), readable_endings()).images
    }
    if not found:
        loose = len(list_images(root, readable_endings()).images)
        raise FileNotFoundError(
            f"'{root}' holds no images in class folders"
            f'{f" ({loose} lie outside of them)" if loose else ""}: put those of each class into a '
            'folder of its own.'
        )
    return found


def check_classes(root: str, classes: tuple[str, ...], samples: dict[str, str]) -> None:
    """Refuse what no classifier can be trained on.

    Raises:
        ValueError: One class, or an empty one.
    """
    if len(classes) < 2:
        raise ValueError(
            f"'{root}' has one class, {classes[0]}: to tell classes apart takes two; put what is "
            'not of it into another folder.'
        )
    if empty := sorted(set(classes) - set(samples.values())):
        raise ValueError(
            f"class folders of '{root}' hold no image: {first_few(empty)}; fill or remove them."
        )


def as_list(paths: list[str], samples: dict[str, str], classes: tuple[str, ...]) -> str:
    """Return a text with path and label of an image in each line."""
    label = {name: number for number, name in enumerate(classes)}
    return ''.join(f'{path} {label[samples[path]]}\n' for path in paths)
