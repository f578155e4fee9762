"""What tools/test.py asks of the toolboxes; whose names of classes count."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

import mmcnx2.datasets.coco_format
import mmcnx2.datasets.labelled_folder
import mmcnx2.datasets.mask_folder  # noqa: F401  (the three register their data sets)
from mmcnx2.engine.evaluation import keep_training_config, take_class_names, trained_classes


def test_a_test_leaves_the_trainings_config_as_it_is(tmp_path):
    (tmp_path / 'scenes.py').write_text('lr = 1')
    cfg = Config.fromfile(tmp_path / 'scenes.py')
    cfg.model = dict(type='AverageClsScoreTTA')
    keep_training_config(cfg)
    Runner.dump_config(SimpleNamespace(cfg=cfg, work_dir=str(tmp_path)))
    assert (tmp_path / 'scenes.py').read_text() == 'lr = 1'
    assert Config.fromfile(tmp_path / 'scenes_test.py').model.type == 'AverageClsScoreTTA'
    assert '_filename' not in cfg


NAMES = ('owl', 'jay')


def names_after(dataset: dict, classes=NAMES, scope: str = 'mmdet') -> tuple | None:
    dataset = ConfigDict(dataset)
    with DefaultScope.overwrite_default_scope(scope):
        take_class_names(dataset, classes)
    return (dataset.get('metainfo') or {}).get('classes')


@pytest.mark.parametrize(
    'dataset',
    [
        dict(type='mmcnx2.CocoFormatDataset', ann_file='val.json', classes_from='train.json'),
        dict(type='mmcnx2.MaskFolderDataset'),
        dict(type='mmcnx2.ImageFolderLabelled', data_prefix='val', classes_from='train'),
    ],
    ids=['detection', 'segmentation', 'classification'],
)
def test_names_of_the_data_count_where_they_are(dataset, tmp_path):
    dataset['data_root'] = str(tmp_path)
    assert names_after(dataset) == NAMES
    assert names_after(dataset | dict(metainfo=dict(classes=('x',)))) == ('x',)
    assert names_after(dataset, classes=None) is None
    (tmp_path / dataset.get('classes_from', 'classes.txt')).touch()
    assert names_after(dataset) is None


def test_data_sets_that_read_no_names_stay_as_they_are(tmp_path):
    root = str(tmp_path)
    assert names_after(dict(type='CocoDataset', data_root=root, ann_file='val.json')) is None
    own = dict(type='mmcnx2.CocoFormatDataset', data_root=root, ann_file='val.json')
    assert names_after(own) is None, 'its names are in the file that it is tested by'


@pytest.mark.parametrize(
    ('contents', 'classes'),
    [
        (dict(meta=dict(dataset_meta=dict(classes=NAMES))), NAMES),
        (dict(meta=dict(dataset_meta=None)), None),
        (dict(state_dict={}), None),
    ],
)
def test_a_checkpoint_tells_its_classes(tmp_path, contents, classes):
    torch.save(contents, tmp_path / 'epoch_1.pth')
    assert trained_classes(str(tmp_path / 'epoch_1.pth')) == classes
