"""FCMAE on images without labels: folders, lists, tables or shards of them, here or elsewhere."""

import os
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmcnx2.apis.calls import CallError
from mmcnx2.apis.recipes.common import (
    STRIDE,
    all_transforms,
    configure_common,
    decide_common,
    length_by_epochs,
    say_plan,
    short_sides,
    usual_length,
    usual_size,
)
from mmcnx2.apis.recipes.shard_folders import are_shards, look_at_shards
from mmcnx2.apis.run import Run
from mmcnx2.datasets.addresses import join
from mmcnx2.datasets.shards.index import INDEX_FILE
from mmcnx2.datasets.sources import list_sources

LIST = 'images.txt'
"""Of the paths to train on, in the run's folder, where they are not those of one folder."""


class Pretraining:
    """See :class:`mmcnx2.apis.training.Recipe`.

    Args:
        images: What :func:`.sources.list_sources` takes, or a folder of shards, or its address.
        mask_ratio: Share of each image that is hidden, None for the recipe's.
    """

    command = 'pretrain'

    def __init__(self, images: str, *, mask_ratio: float | None):
        self.given = dict(images=images, mask_ratio=mask_ratio)
        self.shards = are_shards(images)
        kind = 'shards' if self.shards else 'folder'
        self.config = f'fcmae/fcmae_convnextv2-atto_1xb64-100e_{kind}.py'

    def decide(self, given: dict[str, Any], cfg: Config) -> dict[str, Any]:
        word, files, listed = given['images'], {}, {}
        if self.shards:
            images, sides, index = look_at_shards(word)
            if index is not None:
                files = {INDEX_FILE: index.to_json().encode()}
                listed = dict(index=INDEX_FILE)
        else:
            found = list_sources(word)
            print('\n'.join(found.said), flush=True)
            images = len(found.names)
            sides = short_sides([join(found.root, name) for name in found.names])
            if not os.path.isdir(word):
                listed = dict(root=found.root)
                files = {LIST: os.fsencode('\n'.join(found.names) + '\n')}
        decided = decide_common(given, cfg, images=images)
        step = decided['batch_size'] * decided['gpus']
        decided |= dict(
            mask_ratio=0.6,
            size=usual_size(sides, largest=224),
            **usual_length(images, step, least_steps=4000, few=100, many=800),
        )
        decided |= given
        if decided['size'] % STRIDE or decided['size'] < 2 * STRIDE:
            raise CallError(
                'size',
                f'is {decided["size"]}, but a multiple of {STRIDE}, the patches that are hidden, '
                f'from {2 * STRIDE} on is expected.',
            )
        say_plan(decided, images=images)
        return decided | listed | dict(files=files)

    def configure(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        configure_common(cfg, arguments)
        dataset = cfg.train_dataloader.dataset
        cfg.data_root = dataset.data_root = arguments.get('root', arguments['images'])
        if 'root' in arguments:
            dataset.ann_file = os.path.join(cfg.work_dir, LIST)
        if 'index' in arguments:
            dataset.index = os.path.join(cfg.work_dir, arguments['index'])
        for each in all_transforms(cfg):
            if each['type'] == 'mmcnx2.DecodeRandomResizedCrop':
                each['scale'] = arguments['size']
        cfg.model.masking.ratio = arguments['mask_ratio']
        if 'weights' in arguments:
            cfg.load_from = arguments['weights']
        self.lengthen(cfg, arguments)

    def lengthen(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        # 5%, as 40 of the paper's 800 epochs.
        length_by_epochs(cfg, arguments['epochs'], warm_up=0.05)

    def next_command(self, run: Run) -> str:
        return f'mmcnx2 finetune LABELLED/ --from {run.folder} --out {run.folder}-cls'
