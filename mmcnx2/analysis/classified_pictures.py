"""What a classifier says of pictures of its validation set, beside what they are."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.registry import DATASETS, DefaultScope

from mmcnx2.analysis.scored_pictures import PictureScores
from mmcnx2.engine.fit_to_data import fit_to_data


@dataclass(frozen=True)
class Classified:
    """A picture with its label and what a classifier says.

    Attributes:
        path: Of the picture.
        truth: Its class.
        found: The class that the classifier says.
        sure: The probability that it gives that class.
        chance: The probability that it gives the picture's own class.
    """

    path: str
    truth: str
    found: str
    sure: float
    chance: float


def classify_pictures(
    cfg: Config, checkpoint: str, numbers: Sequence[int], *, device: str
) -> dict[int, Classified]:
    """Classify pictures of the validation set, each as a test does.

    Args:
        cfg: Config of mmpretrain, of one label a picture.
        checkpoint: Trained with it.
        numbers: Of the pictures in the set.
        device: Such as 'cpu'.

    Returns:
        What was found, by number.
    """
    from mmpretrain import get_model

    cfg = deepcopy(cfg)
    cfg.model.backbone.pop('init_cfg', None)  # the checkpoint brings all weights
    fit_to_data(cfg, checkpoint=checkpoint)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(cfg.val_dataloader.dataset)
        model = get_model(cfg, pretrained=checkpoint, device=device)
    classes, found = dataset.metainfo['classes'], {}
    with torch.no_grad():
        for number in numbers:
            (sample,) = model.test_step(default_collate([dataset[number]]))
            chances = sample.pred_score.float().cpu().numpy()
            truth, best = int(sample.gt_label), int(chances.argmax())
            found[number] = Classified(
                path=dataset.get_data_info(number)['img_path'],
                truth=classes[truth],
                found=classes[best],
                sure=float(chances[best]),
                chance=float(chances[truth]),
            )
    return found


def read_labels(cfg: Config) -> dict[str, str]:
    """Return path and class of each picture of a classifier's validation set."""
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(deepcopy(cfg.val_dataloader.dataset))
    classes = dataset.metainfo['classes']
    infos = map(dataset.get_data_info, range(len(dataset)))
    return {info['img_path']: classes[int(info['gt_label'])] for info in infos}


def score_classified(found: dict[int, Classified], classes: Sequence[str]) -> PictureScores:
    """Return how probable a classifier holds it that pictures are what they are, in percent.

    Args:
        found: By number.
        classes: Names of all classes; those without a picture have no score.
    """
    of_class = {
        name: [100 * each.chance for each in found.values() if each.truth == name]
        for name in classes
    }
    return PictureScores(
        'probability of the own class',
        {name: float(np.mean(chances)) if chances else None for name, chances in of_class.items()},
        {number: 100 * each.chance for number, each in found.items()},
    )
