"""Which data are looked at, and that the others are named."""

import pytest
from mmengine.config import Config

import mmcnx2  # noqa: F401  (answers mmcv's operators before a toolbox is imported)
from mmcnx2.datasets.preflight import leaf_datasets, look_at_data
from tests.support.pictures import photograph


def found(scope: str, **dataset) -> str:
    report = look_at_data(
        Config(dict(default_scope=scope, model={})), dict(train=dict(dataset=dataset))
    )
    assert (report.errors, report.warnings) == ([], [])
    return report.found


@pytest.mark.parametrize(
    ('scope', 'options'),
    [
        ('mmpretrain', dict(type='mmcnx2.ImageShards', data_root='https://host/shards')),
        ('mmpretrain', dict(type='CIFAR10', data_root='anywhere')),
        ('mmpretrain', dict(type='ImageNet', data_root='s3://bucket/images')),
        ('mmdet', dict(type='LVISV1Dataset', data_root='anywhere', ann_file='a.json')),
        ('mmdet', dict(type='CocoPanopticDataset', data_root='anywhere', ann_file='a.json')),
        ('mmdet', dict(type='NoSuchDataset')),
    ],
    ids=lambda value: value['type'] if isinstance(value, dict) else value,
)
def test_what_cannot_be_looked_at_is_named(scope, options):
    name = options['type'].removeprefix('mmcnx2.')
    assert found(scope, **options) == f'data: train is a {name}, which is not looked at.'


def test_unlabelled_images_are_counted(tmp_path):
    photograph(6, 8).save(tmp_path / 'a.png')
    said = found('mmpretrain', type='mmcnx2.ImageFolderUnlabelled', data_root=str(tmp_path))
    assert said == 'data: train has 1 images.'


def test_labels_that_are_not_read_are_not_counted(tmp_path):
    photograph(6, 8).save(tmp_path / 'a.png')
    said = found('mmpretrain', type='CustomDataset', data_root=str(tmp_path), with_label=False)
    assert said == 'data: train has 1 images.'


def test_data_sets_within_others_are_found_at_any_depth():
    leaves = [dict(type='A'), dict(type='B'), dict(type='C')]
    nested = dict(
        type='ConcatDataset',
        datasets=[
            leaves[0],
            dict(type='RepeatDataset', dataset=dict(type='ClassBalanced', dataset=leaves[1])),
            leaves[2],
        ],
    )
    assert list(leaf_datasets(nested)) == leaves
