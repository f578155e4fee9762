"""What detectors and segmenters predict on pictures of their validation set, beside the truth."""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import mmcv
import numpy as np
from mmengine.config import Config
from mmengine.registry import DATASETS, VISUALIZERS, DefaultScope

from mmcnx2.analysis.predictor import Predictor, inference_steps
from mmcnx2.analysis.shown import choose_shown

SCORE = 0.3  # objects below it are not drawn
_LABELS = ('LoadAnnotations', 'mmcnx2.LoadObjects')


def count_pictures(cfg: Config) -> int:
    """Return the number of pictures in the validation set of a config of mmdet or mmseg."""
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return len(DATASETS.build(deepcopy(cfg.val_dataloader.dataset)))


def read_truth(
    cfg: Config, numbers: Sequence[int], *, side: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Read pictures of the validation set, enlarged so that outlines and names can be drawn.

    Images that are not 8-bit color are drawn as :class:`.shown.Shown` does.

    Args:
        cfg: Config of mmdet or mmseg.
        numbers: Numbers of the pictures in the set.
        side: Side of the enlarged pictures in pixels.

    Returns:
        The pictures, uint8 BGR ``(side, side, 3)``, and the same in RGB with the truth drawn.
    """
    detects = cfg.default_scope == 'mmdet'
    dataset = deepcopy(cfg.val_dataloader.dataset)
    labels = next(each for each in dataset.pipeline if each.type in _LABELS)
    load = inference_steps(dataset.pipeline)[0]
    dataset.pipeline = [
        load,
        labels,
        dict(type='Resize', scale=(side, side), keep_ratio=True),
        dict(type='PackDetInputs', meta_keys=()) if detects else dict(type='PackSegInputs'),
    ]
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(dataset)
        visualizer = VISUALIZERS.build(dict(cfg.visualizer, name='truth', vis_backends=None))
    visualizer.dataset_meta = dataset.metainfo
    pictures, drawn = [], []
    for number in numbers:
        item = dataset[number]
        pictures.append(_picture(item['inputs'].permute(1, 2, 0).numpy(), load.get('bands')))
        sample = item['data_samples']
        if detects:
            sample.gt_instances.bboxes = sample.gt_instances.bboxes.tensor
            if 'masks' in sample.gt_instances:
                sample.gt_instances.masks = sample.gt_instances.masks.to_ndarray().astype(bool)
            sample = sample.numpy()
        image = np.ascontiguousarray(pictures[-1][..., ::-1])
        visualizer.add_datasample(f'truth{number}', image, sample, draw_pred=False)
        drawn.append(visualizer.get_image())
    return pictures, drawn


def _picture(pixels: np.ndarray, bands: Sequence[int] | None) -> np.ndarray:
    """Return an image as a picture, BGR, uint8 ``(h, w, 3)``."""
    shown = choose_shown(pixels.dtype.name, pixels.shape[2], bands=bands)
    # Three channels come in OpenCV's order, last one first.
    drawn = shown.draw(pixels[..., ::-1] if pixels.shape[2] == 3 else pixels)
    return np.ascontiguousarray(drawn[..., ::-1])


def draw_files(
    cfg: Config, checkpoint: str, numbers: Sequence[int], *, side: int, device: str
) -> list[np.ndarray]:
    """Draw what a model finds in files of the validation set, read as they are; RGB pictures.

    Args:
        cfg: Config of mmdet or mmseg.
        checkpoint: Trained with it.
        numbers: Numbers of the pictures in the set.
        side: Longer side of the pictures that are returned, in pixels.
        device: Such as 'cpu'.
    """
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(cfg.val_dataloader.dataset)
    predictor = Predictor(cfg, checkpoint, device=device)
    drawn = []
    with TemporaryDirectory() as folder:
        for number in numbers:
            path = dataset.get_data_info(number)['img_path']
            predictor.draw(path, Path(folder), score=SCORE)
            picture = mmcv.imread(f'{folder}/vis/{predictor.name(path)}', channel_order='rgb')
            drawn.append(mmcv.imrescale(picture, (side, side)))
    return drawn


def draw_predictions(
    cfg: Config, checkpoint: str, pictures: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Draw what a model finds, with its toolbox's own inferencer; returns RGB pictures.

    Args:
        cfg: Config of mmdet or mmseg.
        checkpoint: Trained with it.
        pictures: Of 8-bit color, uint8 BGR ``(H, W, 3)``; the model's own test pipeline resizes
            them. For others there is :func:`draw_files`.
    """
    cfg = deepcopy(cfg)
    cfg.model.backbone.pop('init_cfg', None)  # the checkpoint brings all weights
    cfg.visualizer.vis_backends = None
    if cfg.default_scope == 'mmdet':
        from mmdet.apis import DetInferencer

        inferencer = DetInferencer(cfg, checkpoint, show_progress=False)
        options = dict(pred_score_thr=SCORE, no_save_vis=True, no_save_pred=True)
    else:
        from mmseg.apis import MMSegInferencer

        inferencer = MMSegInferencer(cfg, checkpoint)
        inferencer.show_progress = False
        inferencer.visualizer.dataset_meta = inferencer.model.dataset_meta
        options = {}
    with TemporaryDirectory() as folder:  # the inferencers read files as RGB, but arrays as BGR
        files = [f'{folder}/{number}.png' for number in range(len(pictures))]
        for file, picture in zip(files, pictures, strict=True):
            mmcv.imwrite(picture, file)
        drawn = inferencer(files, return_vis=True, **options)['visualization']
    return list(drawn) if len(pictures) > 1 else [np.asarray(drawn).squeeze()]
