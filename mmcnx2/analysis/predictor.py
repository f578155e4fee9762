"""What a trained classifier, detector or segmentor finds in image files, drawn into pictures."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.dataset import default_collate, pseudo_collate
from mmengine.registry import DefaultScope
from PIL import Image

from mmcnx2.analysis.shown import Shown, choose_shown
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.preflight.pipeline import reading_options
from mmcnx2.engine.fit_to_data import trained_kind
from mmcnx2.registry import TRANSFORMS

_LABELS = ('LoadAnnotations', 'LoadObjects', 'LoadDepthAnnotation')
_KEEP = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')  # that OpenCV writes


class Predictor:
    """A trained model with the test pipeline that it was trained beside.

    The toolbox's inferencer builds model and visualizer; images are read as in training, whatever
    their dtype and channels, and drawn as three channels of 8 bits.

    Args:
        cfg: Of the run, fitted to its data.
        checkpoint: Path or address of the weights.
        device: Such as 'cpu'; None takes what there is.
        show: Channels to draw, as of :func:`.shown.choose_shown`.

    Raises:
        ValueError: ``show`` does not fit the model's channels.
    """

    def __init__(
        self,
        cfg: Config,
        checkpoint: str,
        *,
        device: str | None = None,
        show: Sequence[int] | None = None,
    ):
        pipeline = cfg.test_dataloader.dataset.pipeline
        self.scope = cfg.get('default_scope') or 'mmpretrain'
        self.trained = trained_kind(cfg, checkpoint)
        self.bands, self.show = reading_options(pipeline).bands, show
        if self.trained:
            self._choose_shown(*self.trained)
        with DefaultScope.overwrite_default_scope(self.scope):
            self.steps = [TRANSFORMS.build(step) for step in inference_steps(pipeline)]
        for step in self.steps:
            if reader := getattr(step, 'reader', None):
                reader.alike = False  # they are compared with those of training
        self.inferencer = _inferencer(self.scope)(cfg, checkpoint, device=device)
        self.shown = None
        self.drawn = 0

    def draw(self, path: str, out_dir: Path, *, score: float = 0.3) -> list[dict]:
        """Predict on an image file and write the picture, and of a segmentor the class numbers.

        Args:
            path: Of the file.
            out_dir: Where the picture goes; a detector's and a segmentor's into ``vis`` in it.
            score: Objects from this score on are drawn.

        Returns:
            What was predicted: a dict with image, class and score, and of objects the box as left,
            top, right and bottom in pixels; where images have several classes, all that it has
            with ``|`` between, and the score of each; nothing of a segmentor, whose class numbers
            are files.

        Raises:
            OSError: The file cannot be read, or the picture not be written.
            UnreadableImageError: It holds no image, or one of another dtype or number of channels
                than the model was trained with.
        """
        packed, picture = self._read(path)
        collate = default_collate if self.scope == 'mmpretrain' else pseudo_collate
        sample = self.inferencer.forward(collate([packed]))[0]
        rows = _DRAW[self.scope](self, path, picture, sample, out_dir, score)
        self.drawn += 1
        return rows

    def name(self, path: str) -> str:
        """Return how a detector's and a segmentor's picture of a file is called."""
        name = os.path.basename(path)
        as_it_is = not self.shown.stretched and name.lower().endswith(_KEEP)
        return name if as_it_is else f'{name}.png'

    def _read(self, path: str) -> tuple[dict, np.ndarray]:
        """Return what the model takes, and the picture, RGB, uint8 ``(h, w, 3)``."""
        results, picture = dict(img_path=path, img_id=self.drawn, sample_idx=self.drawn), None
        for step in self.steps:
            results = step(results)
            if picture is None and 'img' in results:
                picture = self._picture(path, results['img'])
        return results, picture

    def _picture(self, path: str, pixels: np.ndarray) -> np.ndarray:
        kind = pixels.dtype.name, pixels.shape[2]
        self.trained = self.trained or kind
        if kind != self.trained:
            (dtype, channels), (known, many) = kind, self.trained
            raise UnreadableImageError(
                f'it has {channels} channels of {dtype}, but the model was trained on {many} of '
                f'{known}.'
            )
        self.shown = self.shown or self._choose_shown(*kind)
        # Three channels come in OpenCV's order.
        return self.shown.draw(pixels[..., ::-1] if pixels.shape[2] == 3 else pixels)

    def _choose_shown(self, dtype: str, channels: int) -> Shown:
        return choose_shown(dtype, channels, bands=self.bands, show=self.show)


def inference_steps(pipeline: Sequence[dict]) -> list[dict]:
    """Return a test pipeline without labels, and with this project's reader in place of mmcv's."""
    steps = [dict(step) for step in pipeline if _name(step) not in _LABELS]
    for step in steps:
        if step['type'] == 'LoadImageFromFile':  # the same pixels, but nothing scaled in silence
            step['type'] = 'mmcnx2.LoadImageFromFile'
            for option in ('color_type', 'imdecode_backend', 'file_client_args', 'ignore_empty'):
                step.pop(option, None)
    return steps


def _name(step: dict) -> str:
    return str(step['type']).rpartition('.')[2]


def _inferencer(scope: str) -> type:
    """Return the toolbox's inferencer, which leaves reading to us."""
    match scope:
        case 'mmdet':
            from mmdet.apis import DetInferencer as Inferencer
        case 'mmseg':
            from mmseg.apis import MMSegInferencer as Inferencer
        case _:
            from mmpretrain import ImageClassificationInferencer as Inferencer

    class WithoutPipeline(Inferencer):
        def _init_pipeline(self, cfg: Config) -> None:
            return None

    return WithoutPipeline


def _draw_class(predictor: Predictor, path, picture, sample, out_dir: Path, score) -> list[dict]:
    from mmpretrain.models import MultiLabelClsHead

    inferencer = predictor.inferencer
    if inferencer.visualizer is None:
        from mmpretrain.visualization import UniversalVisualizer

        inferencer.visualizer = UniversalVisualizer()
    name = Path(path).stem
    inferencer.visualizer.visualize_cls(
        picture, sample, classes=inferencer.classes, draw_gt=False, name=name,
        out_file=str((out_dir / name).with_suffix('.png')),
    )  # fmt: skip
    best = int(sample.pred_score.argmax())
    names = inferencer.classes or range(len(sample.pred_score))
    row = {'image': path, 'class': names[best], 'score': round(float(sample.pred_score[best]), 4)}
    if isinstance(inferencer.model.head, MultiLabelClsHead):
        row['class'] = '|'.join(str(names[label]) for label in sample.pred_label.tolist())
        scores = (round(float(score), 4) for score in sample.pred_score)
        row |= {f'score of {name}': score for name, score in zip(names, scores, strict=True)}
    return [row]


def _draw_objects(predictor: Predictor, path, picture, sample, out_dir: Path, score) -> list[dict]:
    name = predictor.name(path)
    predictor.inferencer.visualizer.add_datasample(
        name, picture, sample, draw_gt=False, pred_score_thr=score,
        out_file=str(out_dir / 'vis' / name),
    )  # fmt: skip
    found, classes = sample.pred_instances.cpu(), predictor.inferencer.model.dataset_meta['classes']
    sides = ('left', 'top', 'right', 'bottom')
    return [
        {'image': path, 'class': classes[int(label)], 'score': round(float(sure), 4)}
        | dict(zip(sides, (round(float(side), 1) for side in box), strict=True))
        for label, sure, box in zip(found.labels, found.scores, found.bboxes, strict=True)
        if sure >= score
    ]


def _draw_regions(predictor: Predictor, path, picture, sample, out_dir: Path, score) -> list[dict]:
    name, inferencer = predictor.name(path), predictor.inferencer
    inferencer.visualizer.set_dataset_meta(**inferencer.model.dataset_meta)
    inferencer.visualizer.alpha = 0.8
    inferencer.visualizer.add_datasample(
        name, picture, sample, draw_gt=False, out_file=str(out_dir / 'vis' / name)
    )
    (out_dir / 'pred').mkdir(exist_ok=True)
    labels = sample.pred_sem_seg.cpu().numpy().data[0].astype(np.uint8)
    Image.fromarray(labels).save(out_dir / 'pred' / f'{predictor.drawn:08d}_pred.png')
    return []


_DRAW: dict[str, Callable] = dict(mmpretrain=_draw_class, mmdet=_draw_objects, mmseg=_draw_regions)
