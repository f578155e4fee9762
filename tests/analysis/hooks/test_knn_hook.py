"""k-NN accuracy during pre-training: the number, its cost in the log, and no effect on training."""

import json
import re
from pathlib import Path

import pytest
import torch
from demo.scenes import SceneSettings, build
from mmengine.config import Config
from mmengine.runner import Runner

from mmcnx2.analysis.features import extract_features, labelled_images
from mmcnx2.analysis.knn import knn_top1
from mmcnx2.compat import amp_off_without_gpu
from tests.support.closeness import assert_close
from tests.support.toy_config import shorten, shrink

CONFIG = Path(__file__).parents[3] / 'configs/demo/fcmae_convnextv2-atto_1xb64-100e_scenes.py'


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=8, train=10, val=20), workers=1, progress=False)
    return root


def pre_train(scenes: Path, work_dir: Path, **options) -> Runner:
    """Train two epochs on one seed; with options, the hook reports after each."""
    cfg = shorten(shrink(Config.fromfile(CONFIG)))
    cfg.randomness = dict(seed=7)
    cfg.train_cfg.max_epochs = 2
    cfg.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    cfg.train_dataloader.dataset.data_root = str(scenes / 'unlabelled')
    cfg.train_dataloader.dataset.pipeline[1].scale = 64
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'{scenes.name}-{work_dir.name}'  # mmengine's loggers go by name
    common = dict(type='mmcnx2.KNNHook', interval=1, k=3, size=64, batch_size=6, num_workers=0)
    cfg.custom_hooks = [dict(common, **options)] if options else []
    amp_off_without_gpu(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def folder(scenes: Path, split: str) -> dict:
    return dict(type='CustomDataset', data_root=str(scenes / 'imagenet' / split))


def test_reports_score_and_cost_and_leaves_training_alone(scenes, tmp_path):
    plain = pre_train(scenes, tmp_path / 'plain')
    watched = pre_train(
        scenes, tmp_path / 'watched', queries=folder(scenes, 'val'), bank=folder(scenes, 'train')
    )
    for (key, value), other in zip(
        plain.model.state_dict().items(), watched.model.state_dict().values(), strict=True
    ):
        assert value.equal(other), f'the hook changed {key}'

    rows = next((tmp_path / 'watched').glob('*/vis_data/scalars.json')).read_text().splitlines()
    scores = {row['step']: row['knn/top1'] for row in map(json.loads, rows) if 'knn/top1' in row}
    assert scores.keys() == {1, 2}
    loaders = [labelled_images(folder(scenes, split), size=64, num_workers=0)
               for split in ('val', 'train')]  # fmt: skip
    features = [extract_features(watched.model, loader) for loader in loaders]
    assert scores[2] == pytest.approx(knn_top1(*features[0], *features[1], k=3))

    log = next((tmp_path / 'watched').glob('*/*.log')).read_text()
    reports = re.findall(
        r'k-NN top-1 after epoch (\d): [\d.]+ % \(k=3, 20 images against 10 images\); '
        r'this took [\d.]+ s, [\d.]+ % of the time since the last one',
        log,
    )
    assert reports == ['1', '2']


def test_features_are_the_dense_maps_averaged_in_the_order_of_the_files(scenes, tmp_path):
    model = pre_train(scenes, tmp_path).model.train()
    features, labels = extract_features(
        model, labelled_images(folder(scenes, 'val'), size=64, batch_size=3, num_workers=0)
    )
    assert model.training and model.backbone.training, 'the mode is not restored'
    loader = labelled_images(folder(scenes, 'val'), size=64, batch_size=20, num_workers=0)
    (batch,) = loader
    with torch.no_grad():
        inputs = model.data_preprocessor(batch, False)['inputs']
        maps = model.eval().backbone(inputs)[0]
    assert maps.shape == (20, 32, 2, 2)
    assert_close('features', maps.mean((2, 3)), features, 1e-5)
    paths = [sample.img_path for sample in batch['data_samples']]
    classes = loader.dataset.CLASSES
    assert [Path(path).parent.name for path in paths] == [classes[i] for i in labels]


def test_other_classes_and_too_few_images_are_refused_before_training(scenes, tmp_path):
    with pytest.raises(ValueError, match='k=20 neighbors are more than the 19 images'):
        pre_train(scenes, tmp_path, queries=folder(scenes, 'val'), k=20)
    with pytest.raises(ValueError, match='queries have 10 classes, the bank 2, and one side'):
        pre_train(
            scenes,
            tmp_path,
            queries=folder(scenes, 'val'),
            bank=dict(type='CustomDataset', data_root=str(scenes / 'imagenet')),
        )
    assert not list(tmp_path.glob('*.pth'))
