"""FCMAE on a folder of images."""

import os
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmcnx2.apis.recipes.common import (
    all_transforms,
    configure_common,
    decide_common,
    epochs_for,
    length_by_epochs,
    say_plan,
    short_sides,
    usual_size,
)
from mmcnx2.apis.run import Run
from mmcnx2.apis.weights import find_weights
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.readers import readable_endings


class Pretraining:
    """See :class:`mmcnx2.apis.training.Recipe`.

    Args:
        images: The folder.
        mask_ratio: Share of each image that is hidden, None for the recipe's.
    """

    command = 'pretrain'
    config = 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'

    def __init__(self, images: str, *, mask_ratio: float | None):
        self.given = dict(images=images, mask_ratio=mask_ratio)

    def decide(self, given: dict[str, Any], cfg: Config) -> dict[str, Any]:
        root = given['images']
        if not os.path.isdir(root):
            raise FileNotFoundError(f"image folder '{root}' does not exist: give one that does.")
        found = list_images(root, readable_endings())
        print(found.describe(), flush=True)
        if not found.images:
            raise FileNotFoundError(
                f"'{root}' holds no image, nor do the folders in it: give a folder of images."
            )
        images = len(found.images)
        decided = decide_common(given, cfg, images=images)
        step = decided['batch_size'] * decided['gpus']
        sides = short_sides(os.path.join(root, name) for name in found.images)
        decided |= dict(
            mask_ratio=0.6,
            size=usual_size(sides, largest=224),
            epochs=epochs_for(images, step, least_steps=4000, few=100, many=800),
        )
        decided |= given
        say_plan(decided, images=images)
        return decided

    def configure(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        configure_common(cfg, arguments)
        cfg.data_root = cfg.train_dataloader.dataset.data_root = arguments['images']
        for each in all_transforms(cfg):
            if each['type'] == 'mmcnx2.DecodeRandomResizedCrop':
                each['scale'] = arguments['size']
        cfg.model.masking.ratio = arguments['mask_ratio']
        if 'from_' in arguments:
            cfg.load_from = os.path.abspath(find_weights(arguments['from_']).path)
        self.lengthen(cfg, arguments)

    def lengthen(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        # 5%, as 40 of the paper's 800 epochs.
        length_by_epochs(cfg, arguments['epochs'], warm_up=0.05)

    def next_command(self, run: Run) -> str:
        return f'mmcnx2 finetune LABELLED/ --from {run.folder} --out {run.folder}-cls'
