"""Augmentation for 8-bit color is found wherever a pipeline has it, with what to use instead."""

import pytest

from mmcnx2.datasets.color_only import find_color_only


def found(*pipeline) -> list[str]:
    return list(find_color_only(list(pipeline), 'p'))


@pytest.mark.parametrize('scope', ['', 'mmpretrain.', 'mmdet.'])
@pytest.mark.parametrize('name', ['RandAugment', 'ColorJitter', 'PhotoMetricDistortion'])
def test_changes_of_color_are_found_in_every_scope(scope, name):
    (clause,) = found(dict(type='mmcnx2.LoadImageFromFile'), dict(type=scope + name))
    assert clause.startswith(f'p.1 ({name}): leave it out: crops, resizing and flips')


def test_mmcvs_loader_is_replaced_by_ours_and_ours_passes():
    (clause,) = found(dict(type='LoadImageFromFile'))
    assert clause.startswith("p.0 (LoadImageFromFile): use type='mmcnx2.LoadImageFromFile'")
    assert not found(dict(type='mmcnx2.LoadImageFromFile'), dict(type='mmcnx2.LoadEncodedImage'))


def test_pillow_resizes_8_bit_color_alone():
    crop, resize = found(
        dict(type='RandomResizedCrop', scale=9, backend='pillow'),
        dict(type='ResizeEdge', scale=9, backend='pillow'),
    )
    assert crop.endswith('use mmcnx2.LoadEncodedImage and mmcnx2.DecodeRandomResizedCrop')
    assert resize == "p.1 (ResizeEdge, backend=pillow): set backend='cv2'"


def test_transforms_within_others_are_found():
    views = dict(type='TestTimeAug', transforms=[[dict(type='CLAHE')], [dict(type='RandomFlip')]])
    (clause,) = found(views)
    assert clause.startswith('p.0.transforms.0.0 (CLAHE)')


def test_what_keeps_values_passes():
    kept = ('RandomFlip', 'RandomCrop', 'CenterCrop', 'Resize', 'RandomResize', 'Pad', 'PackInputs')
    assert not found(*(dict(type=name) for name in kept))
