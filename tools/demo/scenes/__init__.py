"""Rendered scenes: a small data set for classification, detection, segmentation and pre-training.

``tools/dataset_tools/make_scenes.py`` (or ``build``) writes one folder in three real layouts. A
labelled scene is written into each of them, so the three tasks see the same pictures::

    scenes/
      meta.json                                   seed, version, settings, class names
      unlabelled/site_00/visit_0/000000.jpg       nested folders, every fourth picture a .png
      imagenet/{train,val}/<class>/<class>_000000.JPEG
      coco/{train,val}/000000.jpg
      coco/annotations/instances_{train,val}.json
      ade/images/{training,validation}/000000.jpg
      ade/annotations/{training,validation}/000000.png

By default there are 3000 unlabelled, 300 training and 300 validation pictures of 128 x 128 px.

Objects differ by shape and by texture; colors are random for everything. A labelled picture has
one large main object, which is its class; up to two small objects of any class; clutter, some of it
with the shape of one class and the texture of another; and often something in front.

Object classes (``OBJECT_CLASSES``), class index 0 to 9 in classification, category id 1 to 10 in
COCO: crystal, fish, gear, kite, leaf, mushroom, ring, shell, starfish, vase.

Segmentation masks: 0 is unlabelled (clutter, specks of objects); 1 to 10 are the object classes;
11 to 16 are the materials of the background (``STUFF_CLASSES``): clouds, grass, pebbles, ripples,
tiles, weave. With ``reduce_zero_label=True``, as for ADE20K, these are 16 classes, 0 to 15, and
unlabelled pixels are ignored. In data sets of fewer object classes (``--classes``) the materials
follow the last one; ``meta.json`` lists the names.

Settings of the toolboxes' data sets, with ``data_root`` the folder ``scenes``:

- mmpretrain, labels: ``dict(type='CustomDataset', data_root=data_root + '/imagenet',
  data_prefix='train')``; classes are found from the folders. ``ImageNet`` with ``split='train'``
  needs ``metainfo=dict(classes=OBJECT_CLASSES)``. Head: ``num_classes=10``.
- mmpretrain, no labels: ``dict(type='CustomDataset', data_root=data_root,
  data_prefix='unlabelled', with_label=False)`` or any reader of nested folders.
- mmdet: ``dict(type='CocoDataset', data_root=data_root + '/coco',
  ann_file='annotations/instances_train.json', data_prefix=dict(img='train/'),
  metainfo=dict(classes=OBJECT_CLASSES))``. Heads: ``num_classes=10``. Masks need
  ``LoadAnnotations(with_bbox=True, with_mask=True)`` with its default ``poly2mask=True``, because
  objects with holes are stored as run lengths.
- mmseg: ``dict(type='BaseSegDataset', data_root=data_root + '/ade', img_suffix='.jpg',
  seg_map_suffix='.png', reduce_zero_label=True, data_prefix=dict(img_path='images/training',
  seg_map_path='annotations/training'), metainfo=dict(classes=SEGMENTATION_CLASSES))``; a plain
  ``LoadAnnotations()`` takes ``reduce_zero_label`` from it. Heads: ``num_classes=16``.
"""

from ..scene_settings import VERSION, SceneSettings
from .backgrounds import STUFF_CLASSES
from .build import build, is_complete
from .composer import Instance, Scene, compose
from .shapes import OBJECT_CLASSES

SEGMENTATION_CLASSES = OBJECT_CLASSES + STUFF_CLASSES
"""Names of the values 1 to 16 of the segmentation masks of a data set of ten object classes."""

__all__ = [
    'OBJECT_CLASSES',
    'SEGMENTATION_CLASSES',
    'STUFF_CLASSES',
    'VERSION',
    'Instance',
    'Scene',
    'SceneSettings',
    'build',
    'compose',
    'is_complete',
]
