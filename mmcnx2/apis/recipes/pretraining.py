"""FCMAE on a folder of images."""

import os
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmcnx2.apis.recipes.common import (
    configure_common,
    decide_common,
    epochs_for,
    transform,
    usual_size,
)
from mmcnx2.apis.run import Run
from mmcnx2.apis.weights import find_weights
from mmcnx2.archs import ARCHS
from mmcnx2.datasets.folder import EXTENSIONS
from mmcnx2.datasets.heic import HEIC_EXTENSIONS, reads_heic
from mmcnx2.datasets.image_size import read_size
from mmcnx2.datasets.listing import list_images

_LOOKED_AT = 64  # images whose sizes are read
_WARM_UP = 0.05  # of the length, as 40 of the paper's 800 epochs


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

    def decide(self, given: dict[str, Any]) -> dict[str, Any]:
        root = given['images']
        if not os.path.isdir(root):
            raise FileNotFoundError(f"image folder '{root}' does not exist: give one that does.")
        found = list_images(root, EXTENSIONS + (HEIC_EXTENSIONS if reads_heic() else ()))
        print(found.describe(), flush=True)
        if not found.images:
            raise FileNotFoundError(
                f"'{root}' holds no image, nor do the folders in it: give a folder of images."
            )
        images = len(found.images)
        decided = dict(mask_ratio=0.6, model='atto')
        if 'from_' in given:
            decided['model'] = find_weights(given['from_']).model
        decided |= decide_common(given, images=images, batch_size=64, rate=1.5e-4, per=256)
        step = decided['batch_size'] * decided['gpus']
        decided['size'] = usual_size(self._sides(root, found.images), largest=224)
        decided['epochs'] = epochs_for(images, step, least_steps=4000, few=100, many=800)
        decided |= given
        steps = max(1, images // step) * decided['epochs']
        few = '; few steps: expect little' if steps < 1000 else ''
        print(
            f'{images} images, {step} a step: {decided["epochs"]} epochs are {steps} steps{few}.\n'
            f'{name_of(decided["model"])} at {decided["size"]} px, {decided["precision"]}, '
            f'learning rate {decided["lr"]:.3g}.',
            flush=True,
        )
        return decided

    @staticmethod
    def _sides(root: str, images: list[str]) -> list[int]:
        """Return the short sides of some images, spread over all, in pixels."""
        sides = []
        for name in images[:: max(1, len(images) // _LOOKED_AT)]:
            try:
                sides.append(min(read_size(os.path.join(root, name))))
            except (OSError, ValueError):
                continue  # named in training
        return sides or [224]

    def configure(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        configure_common(cfg, arguments)
        cfg.data_root = cfg.train_dataloader.dataset.data_root = arguments['images']
        pipeline = cfg.train_dataloader.dataset.pipeline
        transform(pipeline, 'DecodeRandomResizedCrop').scale = arguments['size']
        cfg.model.masking.ratio = arguments['mask_ratio']
        arch = ARCHS.get(arguments['model'], arguments['model']) if isinstance(
            arguments['model'], str
        ) else arguments['model']
        cfg.model.neck.in_channels = arch['channels'][-1]
        if 'from_' in arguments:
            cfg.load_from = find_weights(arguments['from_']).path
        self.lengthen(cfg, arguments)

    def lengthen(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        epochs = arguments['epochs']
        warm_up = max(1, round(_WARM_UP * epochs)) if epochs > 1 else 0
        cfg.train_cfg.max_epochs = cfg.max_epochs = epochs
        first, second = cfg.param_scheduler
        first.end = second.begin = warm_up
        second.end, second.T_max = epochs, max(1, epochs - warm_up)

    def next_command(self, run: Run) -> str:
        return f'mmcnx2 finetune LABELLED/ --from {run.folder} --out {run.folder}-cls'


def name_of(model: str | Mapping) -> str:
    """Return how a size is called in a sentence."""
    return model if isinstance(model, str) else f'ConvNeXt V2 with depths {model["depths"]}'
