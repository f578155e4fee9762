"""A classifier for one's own classes: a folder each, or those that a table names."""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
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
from mmcnx2.apis.recipes.labelled_table import is_labelled_table, read_labelled
from mmcnx2.apis.recipes.splits import draw, read_share, split
from mmcnx2.datasets.labelled_folder import class_folders
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.datasets.sources import find_places
from mmcnx2.first_few import first_few

TRAIN, VAL = 'train.txt', 'val.txt'
_CROP = 256 / 224  # in tests the short side is so much longer than the crop


class Classification(LabelledRecipe):
    """See :class:`mmcnx2.apis.training.Recipe`.

    Args:
        images: A folder of class folders, one with such folders train and val, several of them, or
            a table.
        val: Another such folder, or the share of the images to keep apart.
        labels: The share of the training images to train on, drawn of each class by the
            seed; None for all.
        backbone: Arguments of the network, whatever the weights; None for what fits them.
    """

    command = 'finetune'
    config = 'convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py'

    def decide(self, given: dict[str, Any], cfg: Config) -> dict[str, Any]:
        kept, val, several = [], None, False
        images = given['images']
        if is_labelled_table(images):
            table = read_labelled(images)
            train, samples, kept, several = table.root, table.labels, table.kept, table.several
            classes = tuple(sorted({each for labels in samples.values() for each in labels}))
            if kept and 'val' in given:
                raise CallError('val', f"is {given['val']}, but '{images}' says it: leave it out.")
        elif len(places := _places(images)) > 1:
            train, samples, kept = join_folders(places, given.get('val'))
            classes = tuple(sorted({label for (label,) in samples.values()}))
        else:
            train, val = find_folders(places[0], given.get('val'))
            classes = class_folders(train)
            samples = labelled_images(train, classes)
        check_classes(images, classes, samples)
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
                # Of images with several classes, hardly two are alike.
                groups=None if several else samples.values(),
            )
        as_list = list_with_several if several else list_with_one
        if not val:
            files = {
                _name(TRAIN, several): as_list(trained_on, samples, classes),
                _name(VAL, several): as_list(kept, samples, classes),
            }
        paths = [os.path.join(train, path) for path in trained_on]
        if 'labels' in given:
            groups = None if several else [samples[path] for path in trained_on]
            trained_on = draw(trained_on, given['labels'], seed=given.get('seed', 0), groups=groups)
            files[_name(TRAIN, several)] = as_list(trained_on, samples, classes)
        if several:
            many = sum(len(labels) > 1 for labels in samples.values())
            print(f'{many} of {len(samples)} images have several labels: each is learnt by itself.')
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
            several=several,
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
        classes, several = arguments['classes'], arguments['several']
        if several:
            learn_several(cfg)
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
                ann_file=os.path.join(cfg.work_dir, _name(name, several)) if listed else '',
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


def _places(images: str) -> list[str]:
    several = not os.path.exists(images) and any(sign in images for sign in ',*?[')
    return find_places(images) if several else [images]


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


def join_folders(
    places: list[str], val: str | None
) -> tuple[str, dict[str, tuple[str, ...]], list[str]]:
    """Return the images of several folders, whose class folders of one name are one class.

    Args:
        places: Folders of class folders, or such that hold train and val.
        val: The share to keep apart, where none of the folders has a folder val.

    Returns:
        The folder that all lie below; the class of each image, by its path below that folder; and
        the paths of those that validate, none where they are drawn.

    Raises:
        CallError: ``val`` is a folder, or some folders say what validates and ``val`` does, too.
        FileNotFoundError: See :func:`labelled_images`.
    """
    if val is not None:
        _share(val)
    root = os.path.commonpath([os.path.abspath(place) for place in places])
    samples, kept = {}, []
    for place in places:
        train, own = find_folders(place, None)
        if own and val is not None:
            raise CallError('val', f"is '{val}', but '{place}' has a folder '{own}': leave it out.")
        counts = []
        for folder in filter(None, (train, own)):
            below = os.path.relpath(folder, root)
            found = labelled_images(folder, class_folders(folder))
            found = {os.path.normpath(f'{below}/{path}'): label for path, label in found.items()}
            counts.append(Counter(label for (label,) in found.values()))
            samples |= found
            kept += found if folder == own else []
        named = [f'{name} {count}' for name, count in sorted(sum(counts, Counter()).items())]
        print(f"'{place}' holds {sum(map(Counter.total, counts))} images: {first_few(named)}.")
    return root, samples, kept


def labelled_images(root: str, classes: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return path below a folder and the class, one, of each image in class folders.

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
        f'{name}/{path}': (name,)
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


def check_classes(
    root: str, classes: tuple[str, ...], samples: Mapping[str, tuple[str, ...]]
) -> None:
    """Refuse what no classifier can be trained on.

    Raises:
        ValueError: One class, or an empty one.
    """
    if len(classes) < 2:
        raise ValueError(
            f"'{root}' has one class, {classes[0]}: to tell classes apart takes two; put what is "
            'not of it into another folder.'
        )
    used = {label for labels in samples.values() for label in labels}
    if empty := sorted(set(classes) - used):
        raise ValueError(
            f"class folders of '{root}' hold no image: {first_few(empty)}; fill or remove them."
        )


def list_with_one(
    paths: Sequence[str], samples: Mapping[str, tuple[str, ...]], classes: Sequence[str]
) -> str:
    """Return a text with path and label of an image in each line."""
    label = {name: number for number, name in enumerate(classes)}
    return ''.join(f'{path} {label[samples[path][0]]}\n' for path in paths)


def list_with_several(
    paths: Sequence[str], samples: Mapping[str, tuple[str, ...]], classes: Sequence[str]
) -> str:
    """Return what mmpretrain's ``MultiLabelDataset`` reads."""
    label = {name: number for number, name in enumerate(classes)}
    entries = [
        dict(img_path=path, gt_label=[label[name] for name in samples[path]]) for path in paths
    ]
    return json.dumps(dict(metainfo=dict(classes=list(classes)), data_list=entries))


def learn_several(cfg: Config) -> None:
    """Have a classifier say of each class whether an image has it, and score each of them."""
    head = cfg.model.head
    head.type = 'MultiLabelLinearClsHead'
    head.loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.type = 'MultiLabelDataset'
    cfg.val_evaluator = [
        dict(type='mmcnx2.EachClassPrecision'),
        dict(type='MultiLabelMetric', thr=0.5),
    ]
    cfg.test_evaluator = cfg.val_evaluator


def _name(listed: str, several: bool) -> str:
    """Return what the list of images is called, whose format follows from the labels."""
    return f'{os.path.splitext(listed)[0]}.json' if several else listed
