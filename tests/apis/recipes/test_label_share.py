"""A training on a share of the labels: the same images by the same seed, in each kind of data."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from demo.scenes import SceneSettings, build
from mmengine.config import Config

from mmcnx2.apis import Run
from mmcnx2.apis.recipes.classification import Classification
from mmcnx2.apis.recipes.detection import Detection
from mmcnx2.apis.recipes.segmentation import Segmentation
from mmcnx2.apis.training import compose
from mmcnx2.apis.training_options import TrainingOptions

RECIPES = dict(imagenet=Classification, coco=Detection, ade=Segmentation)


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=1, train=30, val=10), workers=1, progress=False)
    (root / 'ade/classes.txt').write_text(''.join(f'kind {i}\n' for i in range(17)))
    return root


@pytest.fixture
def begin(scenes, tmp_path) -> Callable[..., Run]:
    def call(kind: str, *, seed: int = 0, **given) -> Run:
        out = tmp_path / '-'.join([kind, str(seed), *map(str, given.values())])
        recipe = RECIPES[kind](str(scenes / kind), val=None, **given)
        return compose(recipe, TrainingOptions(out=str(out), seed=seed))

    return call


def trained_on(run: Run) -> list[str]:
    """Return what stands for each image that a run trains on."""
    file = Path(Config.fromfile(run.config).train_dataloader.dataset.ann_file)
    if file.suffix == '.json':
        return [str(image['id']) for image in json.loads(file.read_text())['images']]
    return file.read_text().splitlines()


@pytest.mark.parametrize('kind', RECIPES)
def test_the_share_is_drawn_by_the_seed_and_a_smaller_one_is_part_of_it(kind, begin):
    some = trained_on(begin(kind, labels=0.6))
    assert len(some) in (18, 20), 'in whole images of each class'
    assert {*trained_on(begin(kind, labels=0.2))} < {*some}
    assert trained_on(begin(kind, seed=1, labels=0.6)) != some
    assert len(trained_on(begin(kind, labels=1))) == 30


@pytest.mark.parametrize('kind', RECIPES)
def test_validation_and_size_are_those_of_all_labels(kind, begin):
    some, every = (begin(kind, labels=share) for share in (0.2, 1))
    some_cfg, every_cfg = (Config.fromfile(run.config) for run in (some, every))
    assert some_cfg.val_dataloader == every_cfg.val_dataloader
    assert some.arguments['size'] == every.arguments['size']
    assert some.arguments['training_images'] == len(trained_on(some)) < 15


def test_each_class_keeps_its_share(begin):
    labels = Counter(line.split()[-1] for line in trained_on(begin('imagenet', labels=0.6)))
    assert labels == {str(label): 2 for label in range(10)}


def test_objects_are_those_of_the_images(begin):
    run = begin('coco', labels=0.5)
    contents = json.loads(Path(run.folder, 'train.json').read_text())
    ids = {image['id'] for image in contents['images']}
    assert {each['image_id'] for each in contents['annotations']} <= ids
    assert contents['annotations'] and len(contents['categories']) == 10


def test_the_network_may_be_that_of_other_arms(begin):
    backbone = dict(arch='nano', use_grn=False)
    built = Config.fromfile(begin('imagenet', labels=1, backbone=backbone).config).model.backbone
    assert (built.arch, built.use_grn) == ('nano', False)
