"""finetune, detect and segment: from a folder as it lies to a trained model and its predictions."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from demo.scenes import SceneSettings, build
from mmengine.config import Config

import mmcnx2
from mmcnx2.apis import Run
from tests.support.small_runs import BACKBONE, SMALL
from tests.support.toy import ARCH

BOXES = {key: value for key, value in SMALL['detect'].items() if 'mask_head' not in key}


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=1, train=10, val=10), workers=1, progress=False)
    return root


@pytest.fixture(scope='module')
def data(scenes, tmp_path_factory) -> dict[str, Path]:
    """Labelled data of each kind: with a part of their own to validate with, and without."""
    folders = tmp_path_factory.mktemp('data')
    masks = folders / 'masks'
    shutil.copytree(scenes / 'ade/images', masks / 'images')
    shutil.copytree(scenes / 'ade/annotations', masks / 'masks')
    (masks / 'classes.txt').write_text(''.join(f'kind {i}\n' for i in range(17)))
    whole = folders / 'whole'
    shutil.copytree(masks / 'images/training', whole / 'images')
    shutil.copytree(masks / 'masks/training', whole / 'masks')
    shutil.copy(masks / 'classes.txt', whole)
    boxes = folders / 'boxes'
    shutil.copytree(scenes / 'coco/train', boxes / 'images')
    contents = json.loads((scenes / 'coco/annotations/instances_train.json').read_text())
    for each in contents['annotations']:
        del each['segmentation']
    (boxes / 'labels.json').write_text(json.dumps(contents))
    return dict(
        finetune=scenes / 'imagenet',
        detect=scenes / 'coco',
        segment=masks,
        finetune_whole=scenes / 'imagenet/train',
        detect_whole=boxes,
        segment_whole=whole,
    )


@pytest.fixture
def train(data, tmp_path, monkeypatch) -> Callable[..., Run]:
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')

    def call(command: str, images: Path | None = None, **options) -> Run:
        options = dict(epochs=1, batch_size=5, workers=0, set=SMALL[command]) | options
        out = tmp_path / f'run-{command}'
        return getattr(mmcnx2, command)(images or data[command], out=out, **options)

    return call


@pytest.mark.parametrize('command', ['finetune', 'detect', 'segment'])
def test_trains_scores_and_predicts(command, train, data, scenes, tmp_path, capsys):
    run = train(command)
    said = capsys.readouterr().out
    assert '10 images to train on and 10 to validate with' in said
    classes = dict(finetune=10, detect=10, segment=17)[command]
    assert f'of {classes} classes: ' in said
    assert f'mmcnx2 predict {run.folder} PHOTOS/' in said
    mmcnx2.test(run)
    image = next((scenes / 'coco/val').iterdir())
    mmcnx2.predict(run, image, out=tmp_path / 'drawn', score=0.0)
    assert 'Wrote 1 pictures' in capsys.readouterr().out
    assert [path for path in (tmp_path / 'drawn').rglob('*.*g') if path.stem == image.stem]
    if command != 'segment':
        header, *rows = (tmp_path / 'drawn/predictions.csv').read_text().splitlines()
        assert header.startswith('image,class,score') and str(image) in rows[0]


@pytest.mark.parametrize('command', ['finetune', 'detect', 'segment'])
def test_keeps_a_share_apart_and_writes_it_down(command, train, data, capsys):
    images = data[f'{command}_whole']
    settings = BOXES if command == 'detect' else SMALL[command]
    run = train(command, images, val='0.3', set=settings, config_only=command != 'detect')
    kept = dict(finetune=0, detect=3, segment=3)[command]  # one image a class is never kept apart
    assert f'{10 - kept} images to train on and {kept} to validate with' in capsys.readouterr().out
    names = ('train.json', 'val.json') if command == 'detect' else ('train.txt', 'val.txt')
    cfg = Config.fromfile(run.config)
    for loader, name in zip((cfg.train_dataloader, cfg.val_dataloader), names, strict=True):
        assert loader.dataset.ann_file == str(Path(run.folder, name).absolute())
        assert Path(loader.dataset.ann_file).is_file()


def test_boxes_without_masks_train_a_faster_r_cnn(train, data, capsys):
    run = train('detect', data['detect_whole'], set=BOXES, config_only=True)
    assert 'objects without masks: boxes alone' in capsys.readouterr().out
    assert Config.fromfile(run.config).model.roi_head.mask_head is None


def test_the_network_is_that_of_the_weights(train, tmp_path, scenes):
    pre = mmcnx2.pretrain(
        scenes / 'unlabelled', out=tmp_path / 'pre', epochs=1, workers=0, set=BACKBONE
    )
    run = train('finetune', from_=pre, set=None, config_only=True)
    backbone = Config.fromfile(run.config).model.backbone
    assert backbone.arch == ARCH
    assert backbone.init_cfg.checkpoint == str(Path(pre.checkpoint).absolute())


@pytest.mark.parametrize(
    ('command', 'layout', 'said'),
    [
        ('finetune', (), 'holds no images in class folders: put those of each class'),
        ('finetune', ('a.jpg',), r'holds no images in class folders \(1 lie outside'),
        ('finetune', ('one/a.jpg',), 'has one class, one: to tell classes apart takes two'),
        ('finetune', ('one/a.jpg', 'two/'), 'class folders of .* hold no image: two'),
        ('detect', ('a.jpg',), 'holds no annotations: a .json in COCO'),
        ('segment', ('images/a.jpg',), "has no folder 'masks'"),
        ('segment', ('images/a.jpg', 'masks/a.png'), "classes.txt' does not exist"),
        (
            'segment',
            ('images/train/a.jpg', 'images/val/a.jpg', 'masks/train/a.png', 'classes.txt'),
            'has a folder val of images alone',
        ),
    ],
)
def test_data_of_another_kind_are_refused_and_nothing_begins(
    command, layout, said, train, tmp_path
):
    folder = tmp_path / 'data'
    folder.mkdir()
    for name in layout:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith('/') else path.touch()
    with pytest.raises((OSError, ValueError), match=said):
        train(command, folder)
    assert [path.name for path in tmp_path.iterdir()] == ['data']


def test_validation_data_are_said_once(train, data):
    for command in ('finetune', 'detect', 'segment'):
        with pytest.raises(ValueError, match='val is .*: leave it out'):
            train(command, val='0.1')


def test_a_probe_scores_the_encoder(scenes, data, tmp_path, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    pre = mmcnx2.pretrain(
        scenes / 'unlabelled', out=tmp_path / 'pre-probe', epochs=1, workers=0, set=BACKBONE
    )
    assert 0 <= mmcnx2.probe(data['finetune'], from_=pre) <= 100
