"""Own data from the command line to pictures: train, evaluate, resume, predict, one run a kind."""

import json
import re
import runpy
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from demo.scenes import OBJECT_CLASSES, SEGMENTATION_CLASSES, SceneSettings, build
from mmengine.config import Config, DictAction
from mmengine.runner import Runner

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmdet is imported)
from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.datasets.preflight import look_at_data
from tests.support.toy_config import shorten, shrink

CONFIGS = Path(__file__).parents[2] / 'configs'
DETECTION = CONFIGS / 'mask_rcnn/mask-rcnn_convnextv2-atto-fcmae_fpn_1xb8-lsj-36e_folder.py'
SEGMENTATION = CONFIGS / 'upernet/upernet_convnextv2-atto-fcmae_1xb8-amp-20k_folder-512x512.py'
LINES = {
    DETECTION: dict(data_root="'{}/my_coco'", num_classes='10'),
    SEGMENTATION: dict(data_root="'{}/my_masks'", num_classes='17'),
}


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """Scenes laid out as docs/transfer.md asks: my_coco and my_masks."""
    root = tmp_path_factory.mktemp('own')
    scenes = root / 'scenes'
    sizes = SceneSettings(size=64, unlabelled=4, train=10, val=10)
    build(scenes, sizes, workers=1, progress=False)
    (root / 'my_coco').mkdir()
    for split in ('train', 'val'):
        shutil.copytree(scenes / 'coco' / split, root / 'my_coco' / split)
        annotations = root / f'my_coco/annotations/{split}.json'
        annotations.parent.mkdir(exist_ok=True)
        shutil.copy(scenes / f'coco/annotations/instances_{split}.json', annotations)
        long = dict(train='training', val='validation')[split]
        shutil.copytree(scenes / 'ade/images' / long, root / 'my_masks/images' / split)
        shutil.copytree(scenes / 'ade/annotations' / long, root / 'my_masks/masks' / split)
    names = ('nothing', *SEGMENTATION_CLASSES)
    (root / 'my_masks/classes.txt').write_text('\n'.join(names))
    return root


def own(config: Path, root: Path) -> Config:
    """Copy a config, change the lines that the documentation names, and load the copy."""
    lines, changes = config.read_text().splitlines(), dict(LINES[config])
    for i, line in enumerate(lines):
        name = line.split(' = ')[0]
        if name in changes:
            lines[i] = f'{name} = {changes.pop(name).format(root)}'
    assert not changes, f'{config.name} has no line of its own for {list(changes)}'
    copy = root / f'copy_of_{config.name}'
    copy.write_text('\n'.join(lines).replace("'../_base_", f"'{CONFIGS}/_base_"))
    return Config.fromfile(copy)


def toy(config: Path, root: Path, work_dir: Path) -> Config:
    """Shrink the copy to what a test can train; its data, classes and hooks stay as they are."""
    cfg = shorten(shrink(own(config, root)))
    if cfg.default_scope == 'mmdet':
        cfg.model.test_cfg.rcnn.max_per_img = 10  # drawing takes the time
    loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
    # The last is what mmseg's inference of single images takes.
    for pipeline in (*(loader.dataset.pipeline for loader in loaders), cfg.test_pipeline):
        for step in pipeline:
            if step.type in ('RandomResize', 'Resize'):
                step.scale = (64, 64)
            elif step.type == 'RandomCrop':
                step.crop_size = (64, 64)
    for step in cfg.get('tta_pipeline', [])[1:]:
        for resize in step.transforms[0]:
            resize.scale = (64, 64)
    cfg.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    cfg.visualizer.name = str(work_dir)  # mmengine hands out the first one of a name for ever
    cfg.model.backbone.pop('init_cfg')
    cfg.work_dir = str(work_dir)
    amp_off_without_gpu(cfg)
    return cfg


class Trained:
    """A finished run: config file, checkpoint, scores and the validation pictures' paths."""

    def __init__(self, config: Path, root: Path, work_dir: Path):
        self.cfg = toy(config, root, work_dir)
        self.config = work_dir / 'config.py'
        self.cfg.dump(self.config)
        runner = Runner.from_cfg(self.cfg)
        runner.train()
        self.scores = runner.message_hub
        self.checkpoint = Path((work_dir / 'last_checkpoint').read_text())


@pytest.fixture(scope='module')
def detector(root, tmp_path_factory) -> Trained:
    return Trained(DETECTION, root, tmp_path_factory.mktemp('detector'))


@pytest.fixture(scope='module')
def segmentor(root, tmp_path_factory) -> Trained:
    return Trained(SEGMENTATION, root, tmp_path_factory.mktemp('segmentor'))


def test_detection_trains_and_is_evaluated(detector):
    for metric in ('bbox_mAP', 'segm_mAP'):
        assert 0 <= detector.scores.get_scalar(f'val/coco/{metric}').current() <= 1


def test_boxes_alone_train_and_are_evaluated_by_one_key(root, tmp_path):
    """Annotations as other tools export them: no masks, and nothing that can be computed."""
    for split in ('train', 'val'):
        file = json.loads((root / f'my_coco/annotations/{split}.json').read_text())
        for annotation in file['annotations']:
            for key in ('segmentation', 'area', 'iscrowd'):
                annotation.pop(key)
        for image in file['images']:
            del image['width'], image['height']
            image['file_name'] = f'{split}\\{image["file_name"]}'
        (root / f'my_coco/annotations/{split}_boxes.json').write_text(json.dumps(file))
    cfg = toy(DETECTION, root, tmp_path)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.ann_file = loader.dataset.ann_file.replace('.json', '_boxes.json')
    cfg.val_dataloader.dataset.classes_from = cfg.train_dataloader.dataset.ann_file
    cfg.val_evaluator.ann_file = cfg.val_evaluator.ann_file.replace('.json', '_boxes.json')
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    cfg.experiment_name = 'boxes'

    loaders = dict(train=cfg.train_dataloader, val=cfg.val_dataloader)
    train, val = look_at_data(cfg, loaders).errors
    assert 'objects have no segmentation' in train and 'objects have no segmentation' in val
    cfg.merge_from_dict({'model.roi_head.mask_head': None})
    assert look_at_data(cfg, loaders).errors == []

    runner = Runner.from_cfg(cfg)
    runner.train()
    assert not runner.model.roi_head.with_mask
    assert 0 <= runner.message_hub.get_scalar('val/coco/bbox_mAP').current() <= 1
    assert 'val/coco/segm_mAP' not in runner.message_hub.log_scalars


def test_segmentation_trains_and_is_evaluated(segmentor):
    assert 0 <= segmentor.scores.get_scalar('val/mIoU').current() <= 100


def documented_options(metric: str) -> dict:
    """Read the values for --cfg-options from the table of docs/transfer.md, parsed as tools do."""
    table = (CONFIGS.parent / 'docs/transfer.md').read_text().split('## Options')[1].split('##')[0]
    pairs = re.findall(r'[`\s]((?:model|optim_wrapper|default_hooks)\.[\w.]+=[\w./-]+)', table)
    options = {'default_hooks.checkpoint.save_best': metric}
    for key, value in (pair.split('=') for pair in pairs):
        options.setdefault(key, DictAction._parse_int_float_bool(value))
    assert len(options) == 9, options
    return options


@pytest.mark.parametrize(
    ('config', 'metric'), [(DETECTION, 'coco/segm_mAP'), (SEGMENTATION, 'mIoU')], ids=['det', 'seg']
)
def test_documented_options_train_together_and_the_run_goes_on(config, metric, root, tmp_path):
    cfg = toy(config, root, tmp_path)
    options = documented_options(metric)
    del options['optim_wrapper.dtype']  # of mixed precision, which needs a GPU
    if cfg.default_scope == 'mmseg':
        options = {key: value for key, value in options.items() if 'rcnn' not in key}
    cfg.merge_from_dict(options)
    before = Runner.from_cfg(cfg)
    before.train()
    assert list(tmp_path.glob('best_*.pth')), f'no checkpoint is kept for {metric}'
    frozen = before.model.backbone.downsample_layers[0][0].weight
    assert not frozen.requires_grad
    weights = torch.load(Path((tmp_path / 'last_checkpoint').read_text()), weights_only=True)
    assert 'ema_state_dict' in weights
    cfg.resume = True
    cfg.train_cfg.update({key: 4 for key in ('max_iters', 'max_epochs') if key in cfg.train_cfg})
    cfg.experiment_name = f'{config.stem}-goes-on'
    after = Runner.from_cfg(cfg)
    after.train()
    assert after.iter > before.iter


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """Run a tool in this process, which has imported the toolboxes already; returns its output."""

    def run(name: str, *arguments) -> str:
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        runpy.run_path(str(CONFIGS.parent / 'tools' / name), run_name='__main__')
        return capsys.readouterr().out

    return run


def pictures(root: Path, folder: str) -> list[Path]:
    return sorted((root / folder).iterdir())


def assert_drawn(source: Path, drawn: Path) -> None:
    """A picture of the same image that is not the image itself."""
    assert drawn.is_file(), f'{drawn} was not written'
    assert not np.array_equal(cv2.imread(str(source)), cv2.imread(str(drawn)))


def test_det_inferencer_draws_a_folder(detector, root, tmp_path):
    from mmdet.apis import DetInferencer

    inferencer = DetInferencer(str(detector.config), str(detector.checkpoint), device='cpu')
    assert tuple(inferencer.visualizer.dataset_meta['classes']) == OBJECT_CLASSES
    options = dict(pred_score_thr=0.0, no_save_pred=False)
    inferencer(str(root / 'my_coco/val'), out_dir=str(tmp_path), **options)
    for source in pictures(root, 'my_coco/val'):
        assert_drawn(source, tmp_path / 'vis' / source.name)
        said = json.loads((tmp_path / f'preds/{source.stem}.json').read_text())
        assert len(said['bboxes']) == len(said['labels']) == len(said['masks']) > 0


def test_init_and_inference_detector_take_a_jpeg(detector, root):
    from mmdet.apis import inference_detector, init_detector

    model = init_detector(str(detector.config), str(detector.checkpoint), device='cpu')
    assert tuple(model.dataset_meta['classes']) == OBJECT_CLASSES
    found = inference_detector(model, str(pictures(root, 'my_coco/val')[0])).pred_instances
    assert found.masks.shape == (len(found.bboxes), 64, 64)


def test_mmseg_inferencer_draws_a_folder(segmentor, root, tmp_path):
    from mmseg.apis import MMSegInferencer

    inferencer = MMSegInferencer(str(segmentor.config), str(segmentor.checkpoint), device='cpu')
    inferencer.visualizer.dataset_meta = inferencer.model.dataset_meta  # else Cityscapes' names
    names = inferencer.visualizer.dataset_meta['classes']
    assert tuple(names) == ('nothing', *SEGMENTATION_CLASSES)
    inferencer(str(root / 'my_masks/images/val'), out_dir=str(tmp_path))
    assert len(list((tmp_path / 'pred').iterdir())) == 10
    drawn = sorted((tmp_path / 'vis').iterdir())
    for source, picture in zip(pictures(root, 'my_masks/images/val'), drawn, strict=True):
        assert_drawn(source, picture)


def test_init_and_inference_model_take_a_jpeg(segmentor, root):
    from mmseg.apis import inference_model, init_model

    model = init_model(str(segmentor.config), str(segmentor.checkpoint), device='cpu')
    result = inference_model(model, str(pictures(root, 'my_masks/images/val')[0]))
    labels = result.pred_sem_seg.data
    assert labels.shape == (1, 64, 64) and 0 <= labels.min() and labels.max() < 17


@pytest.mark.parametrize(
    ('kind', 'folder'), [('detector', 'my_coco/val'), ('segmentor', 'my_masks/images/val')]
)
def test_vis_predictions_draws_an_image(kind, folder, root, tmp_path, request, run_tool):
    trained, source = request.getfixturevalue(kind), pictures(root, folder)[0]
    options = ['--out-dir', tmp_path, '--score-thr', 0.0]
    arguments = [trained.config, trained.checkpoint, source, *options]
    said = run_tool('analysis_tools/vis_predictions.py', *arguments)
    assert f'Wrote 1 pictures to {tmp_path}/vis' in said
    (drawn,) = (tmp_path / 'vis').iterdir()
    assert_drawn(source, drawn)


def elsewhere(trained: Trained, root: Path, tmp_path: Path, kept: list[str]) -> Path:
    """Write a run's config for a machine that has a part of the data alone."""
    source = Path(trained.cfg.test_dataloader.dataset.data_root)
    for name in kept:
        target = tmp_path / 'data' / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (source / name).is_dir() else shutil.copy)(source / name, target)
    config = tmp_path / 'elsewhere.py'
    text = trained.config.read_text().replace(str(source), str(tmp_path / 'data'))
    # mmengine's loggers go by name and second.
    config.write_text(f'{text}\nexperiment_name = {tmp_path.name!r}\n')
    return config


def test_a_detector_predicts_where_its_annotations_are_not(detector, root, tmp_path):
    from mmdet.apis import DetInferencer, inference_detector, init_detector

    config = elsewhere(detector, root, tmp_path, [])
    assert not (tmp_path / 'data').exists()
    inferencer = DetInferencer(str(config), str(detector.checkpoint), device='cpu')
    assert tuple(inferencer.visualizer.dataset_meta['classes']) == OBJECT_CLASSES
    model = init_detector(str(config), str(detector.checkpoint), device='cpu')
    assert tuple(model.dataset_meta['classes']) == OBJECT_CLASSES
    inference_detector(model, str(pictures(root, 'my_coco/val')[0]))


def test_a_detector_is_tested_where_its_training_annotations_are_not(
    detector, root, tmp_path, run_tool
):
    config = elsewhere(detector, root, tmp_path, ['annotations/val.json', 'val'])
    out = ['--work-dir', tmp_path / 'run']
    run_tool('test.py', config, detector.checkpoint, *out)
    (log,) = (tmp_path / 'run').rglob('*.log')
    said = log.read_text()
    assert "annotations/train.json' does not exist: the class names are those of the chec" in said
    assert 'data: test has 10 images, ' in said and '10 classes (' in said
    scores = json.loads(next((tmp_path / 'run').rglob('2*.json')).read_text())
    assert scores['coco/bbox_mAP'] == detector.scores.get_scalar('val/coco/bbox_mAP').current()


def test_a_segmentor_is_tested_where_its_list_of_classes_is_not(
    segmentor, root, tmp_path, run_tool
):
    config = elsewhere(segmentor, root, tmp_path, ['images/val', 'masks/val'])
    run_tool('test.py', config, segmentor.checkpoint, '--work-dir', tmp_path / 'run')
    (log,) = (tmp_path / 'run').rglob('*.log')
    assert "classes.txt' does not exist: the class names are those of the chec" in log.read_text()


@pytest.mark.parametrize('kind', ['detector', 'segmentor'])
def test_a_checkpoint_without_heads_is_refused_and_not_scored(kind, tmp_path, request, run_tool):
    trained = request.getfixturevalue(kind)
    state = torch.load(trained.checkpoint, weights_only=True)['state_dict']
    encoder = {key: value for key, value in state.items() if key.startswith('backbone.')}
    torch.save(dict(state_dict=encoder), tmp_path / 'encoder.pth')
    arguments = [trained.config, tmp_path / 'encoder.pth']
    image = pictures_of(trained)[0]
    for tool, rest in (
        ('test.py', ['--work-dir', tmp_path / 'run']),
        ('analysis_tools/vis_predictions.py', [image, '--out-dir', tmp_path / 'drawn']),
    ):
        with pytest.raises(SystemExit, match='error: the checkpoint has no fitting weights for'):
            run_tool(tool, *arguments, *rest)


def pictures_of(trained: Trained) -> list[Path]:
    dataset = trained.cfg.test_dataloader.dataset
    folder = dataset.data_prefix.get('img') or dataset.data_prefix.img_path
    return sorted((Path(dataset.data_root) / folder).iterdir())


@pytest.mark.parametrize('kind', ['detector', 'segmentor'])
def test_browse_dataset_draws_what_the_model_gets(kind, tmp_path, request, run_tool):
    config = request.getfixturevalue(kind).config
    run_tool('analysis_tools/browse_dataset.py', config, '--output-dir', tmp_path, '--number', 3)
    drawn = [cv2.imread(str(path)) for path in tmp_path.glob('*.jpg')]
    assert len(drawn) == 3
    for picture in drawn:
        assert picture.std() > 1, 'nothing is on it'


def test_analyze_logs_draws_scores_of_both_runs(detector, segmentor, tmp_path, run_tool):
    folders = [run.config.parent for run in (detector, segmentor)]
    out = ['--legend', 'boxes', 'regions', '--out', tmp_path / 'new/curves.png']
    said = run_tool('analysis_tools/analyze_logs.py', *folders, '--keys', 'loss', 'lr', *out)
    assert 'boxes: last loss ' in said and 'regions: last loss ' in said
    assert cv2.imread(str(tmp_path / 'new/curves.png')).std() > 1
    with pytest.raises(SystemExit, match=f"error: run '{folders[1]}' has no coco/bbox_mAP"):
        run_tool('analysis_tools/analyze_logs.py', folders[1], '--keys', 'coco/bbox_mAP')


def test_upernet_refuses_a_batch_of_one(root, tmp_path):
    cfg = toy(SEGMENTATION, root, tmp_path)
    model = Runner.from_cfg(cfg).model
    loaders = dict(train=cfg.train_dataloader | dict(batch_size=1))
    (error,) = look_at_data(cfg, loaders, model=model).errors
    assert 'train: 1 image is a batch (batch_size=1), and batch norm cannot' in error
    assert '(decode_head.psp_modules.0.1.bn)' in error
    assert look_at_data(cfg, loaders, model=model, processes=2).errors, 'norms are not synchronized'
    loaders['train'].batch_size = 2
    assert look_at_data(cfg, loaders, model=model).errors == []


def test_another_number_of_classes_is_refused_before_training(root, tmp_path):
    cfg = toy(DETECTION, root, tmp_path / 'detection')
    cfg.model.roi_head.bbox_head.num_classes = 7
    with pytest.raises(AssertionError, match=r'`num_classes` \(7\) in Shared2FCBBoxHead'):
        Runner.from_cfg(cfg).train()
    cfg = toy(SEGMENTATION, root, tmp_path / 'segmentation')
    cfg.model.decode_head.num_classes = 7
    with pytest.raises(ValueError, match='decode_head.num_classes is 7, but the data have 17'):
        Runner.from_cfg(cfg).train()
    assert not list(tmp_path.rglob('*.pth'))
