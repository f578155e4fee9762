"""Each detector of `mmcnx2 detect` and each head of `mmcnx2 segment`, from data to predictions."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from demo.scenes import SceneSettings, build
from mmengine.config import Config

import mmcnx2
from mmcnx2.apis import Run
from mmcnx2.apis.recipes import segmentation
from mmcnx2.apis.recipes.detectors import DETECTOR_TABLE, HEAD_TABLE
from mmcnx2.datasets.preflight import predicts_masks
from tests.support.small_runs import DETECTORS, HEADS
from tests.support.toy import ARCH

every_detector = pytest.mark.parametrize('name', DETECTOR_TABLE)
ONES = [name for name in (*DETECTOR_TABLE, 'segment') if name != 'mask-rcnn']
"""Detectors, and a segmentor: the first of both are tried in tests/apis/test_labelled_runs.py."""


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Scenes with masks, the same with boxes alone, and regions."""
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=4, train=10, val=10), workers=1, progress=False)
    boxes = root / 'boxes'
    shutil.copytree(root / 'coco/train', boxes / 'images')
    contents = json.loads((root / 'coco/annotations/instances_train.json').read_text())
    for each in contents['annotations']:
        del each['segmentation']
    (boxes / 'labels.json').write_text(json.dumps(contents))
    shutil.copytree(root / 'ade/images', root / 'masks/images')
    shutil.copytree(root / 'ade/annotations', root / 'masks/masks')
    (root / 'masks/classes.txt').write_text(''.join(f'kind {i}\n' for i in range(17)))
    return root


@pytest.fixture
def begin(root, tmp_path, monkeypatch) -> Callable[..., Run]:
    """Train as a detector or, by 'segment', with Mask2Former's head."""
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')

    def call(name: str, data: str | None = None, **options) -> Run:
        options = dict(batch_size=5, workers=0, out=tmp_path / 'run') | options
        if name == 'segment':
            return mmcnx2.segment(root / 'masks', head='mask2former', **options)
        return mmcnx2.detect(root / (data or 'coco'), detector=name, **options)

    return call


@every_detector
def test_the_config_is_the_detectors_own_fitted_to_the_data(name, begin, capsys):
    run = begin(name, model='femto', config_only=True)
    detector, model = DETECTOR_TABLE[name], Config.fromfile(run.config).model
    said = ' on the boxes' if not detector.masks else ''
    assert f'Training {detector.title}{said}.' in capsys.readouterr().out
    assert (run.arguments['detector'], run.arguments['masks']) == (name, detector.masks)
    assert predicts_masks(model) == detector.masks
    assert (model.backbone.arch, model.num_classes, run.arguments['size']) == ('femto', 10, 128)
    for augment in model.data_preprocessor.get('batch_augments', ()):
        assert augment['size'] == (128, 128)


@every_detector
def test_boxes_alone_are_learnt_or_refused_in_a_sentence(name, begin, capsys):
    detector = DETECTOR_TABLE[name]
    if detector.boxes_alone:
        run = begin(name, 'boxes', config_only=True)
        assert f'Training {detector.boxes_alone}.' in capsys.readouterr().out
        assert not predicts_masks(Config.fromfile(run.config).model)
        return
    with pytest.raises(ValueError, match=(
        f'^detector is {name}, which learns masks, but objects of .* have boxes alone: add masks, '
        'or take mask-rcnn, cascade-mask-rcnn, rtmdet or dino.$'
    )):  # fmt: skip
        begin(name, 'boxes')


def test_another_detector_in_the_same_folder_is_refused(begin, monkeypatch):
    begin('dino', config_only=True)
    monkeypatch.setattr(Run, 'has_checkpoint', True)
    with pytest.raises(ValueError, match='^detector was dino and is now rtmdet: use --overwrite'):
        begin('rtmdet')


def test_the_head_of_another_toolbox_is_asked_for_in_a_sentence(begin, root, tmp_path, monkeypatch):
    run = begin('segment', config_only=True)
    model = Config.fromfile(run.config).model
    assert model.decode_head.num_classes == 'model.num_classes' and 'auxiliary_head' not in model
    monkeypatch.setattr(segmentation, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match=r'^head is mask2former, which needs mmdet: pip install'):
        begin('segment', config_only=True)
    assert HEAD_TABLE['upernet'].package is None
    mmcnx2.segment(root / 'masks', out=tmp_path / 'upernet', config_only=True)


@pytest.fixture(scope='module')
def pretrained(root, tmp_path_factory) -> Run:
    settings = {'model.backbone.arch': ARCH, 'model.neck.embed_dims': 16}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('CUDA_VISIBLE_DEVICES', '')
        return mmcnx2.pretrain(
            root / 'unlabelled', out=tmp_path_factory.mktemp('runs') / 'pre', epochs=1, workers=0,
            set=settings,
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize('name', ONES)
def test_trains_from_a_run_scores_predicts_and_goes_on(
    name, begin, pretrained, root, tmp_path, capsys
):
    options = dict(from_=pretrained, set=HEADS if name == 'segment' else DETECTORS[name])
    run = begin(name, epochs=1, **options)
    assert run.arguments['weights'] == str(Path(pretrained.checkpoint).absolute())
    mmcnx2.test(run)
    capsys.readouterr()
    mmcnx2.predict(run, next((root / 'coco/val').iterdir()), out=tmp_path / 'drawn', score=0.0)
    assert 'Wrote 1 pictures' in capsys.readouterr().out
    before = run.checkpoint
    after = begin(name, epochs=2, **options)
    assert 'epochs is 2 from now on (was 1).' in capsys.readouterr().out
    assert after.checkpoint != before
