"""A damaged picture costs a fine-tuning no more than a pre-training, in each toolbox."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import BaseLoop, Runner

from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.unreadable import TooManyUnreadableError
from mmcnx2.engine.hooks import UnreadableImagesHook
from mmcnx2.engine.training import foreseen_ends
from tests.support.pictures import encode, photograph

BASES = Path(__file__).parents[3] / 'configs/_base_/datasets'
RUNTIMES = dict(mmpretrain='default_runtime.py', mmdet='det_runtime.py', mmseg='seg_runtime.py')
IMAGES = 12
DAMAGED = 3


class Loop(BaseLoop):
    """A loop that is never run."""

    def run(self) -> None:
        raise NotImplementedError


class StandIn:
    """A runner as far as the hook looks at it."""

    def __init__(self, loader):
        self._train_loop = self.val_loop = self.test_loop = Loop(self, loader)


class Empty(BaseModel):
    """Looks at nothing."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def forward(self, inputs, data_samples, mode: str) -> dict:
        self.paths = [sample.img_path for sample in data_samples]
        return dict(loss=self.weight * 1)


def write_pictures(folder: Path, *, damaged: bool = True) -> list[Path]:
    """Write JPEGs ``00.jpg``, ...; one of them ends too early."""
    folder.mkdir(parents=True)
    paths = [folder / f'{i:02d}.jpg' for i in range(IMAGES)]
    for i, path in enumerate(paths):
        data = encode(photograph(40, 40, seed=i), 'JPEG')
        path.write_bytes(data[:-300] if damaged and i == DAMAGED else data)
    return paths


def classification(root: Path) -> Config:
    write_pictures(root / 'train/ash')
    write_pictures(root / 'val/ash', damaged=False)
    cfg = Config.fromfile(BASES / 'folder_cls.py')
    cfg.train_dataloader.dataset.pipeline[1].scale = 32
    return cfg


def detection(root: Path) -> Config:
    for split in ('train', 'val'):
        images, annotations = [], []
        for i, path in enumerate(write_pictures(root / split, damaged=split == 'train')):
            images.append(dict(id=i, file_name=path.name, height=40, width=40))
            corners = [5, 5, 30, 5, 30, 30, 5, 30]
            annotations.append(
                dict(id=i, image_id=i, category_id=1, bbox=[5, 5, 25, 25], area=625, iscrowd=0,
                     segmentation=[corners])
            )  # fmt: skip
        content = dict(images=images, annotations=annotations, categories=[dict(id=1, name='owl')])
        (root / 'annotations').mkdir(exist_ok=True)
        (root / f'annotations/{split}.json').write_text(json.dumps(content))
    cfg = Config.fromfile(BASES / 'coco_format_lsj.py')
    cfg.train_dataloader.dataset.filter_cfg.min_size = 1
    return cfg


def segmentation(root: Path) -> Config:
    (root / 'classes.txt').parent.mkdir(exist_ok=True)
    for split in ('train', 'val'):
        (root / 'masks' / split).mkdir(parents=True)
        for path in write_pictures(root / 'images' / split, damaged=split == 'train'):
            mask = np.zeros((40, 40), np.uint8)
            cv2.imwrite(str(root / 'masks' / split / path.with_suffix('.png').name), mask)
    (root / 'classes.txt').write_text('ground\nroof')
    return Config.fromfile(BASES / 'mask_folder_512x512.py')


KINDS: dict[str, tuple[str, Callable[[Path], Config]]] = dict(
    classification=('mmpretrain', classification),
    detection=('mmdet', detection),
    segmentation=('mmseg', segmentation),
)


def loader(kind: str, root: Path, *, split: str = 'train', workers: int = 0):
    """Return a data loader of a kind's base config, on pictures of its own."""
    scope, make = KINDS[kind]
    init_default_scope(scope)
    for module in Config.fromfile(BASES.parent / RUNTIMES[scope]).custom_imports.imports:
        import_module(module)
    cfg = make(root)[f'{split}_dataloader']
    cfg.update(batch_size=1, num_workers=workers, persistent_workers=False, pin_memory=False)
    cfg.sampler = dict(type='DefaultSampler', shuffle=True)  # with an end, in each toolbox
    cfg.dataset.data_root = str(root)
    for step in cfg.dataset.pipeline:
        if step.type in ('RandomResize', 'Resize'):
            step.scale = (64, 64)
    return cfg


def read(batches) -> list[str]:
    """Return the files of all batches, which are of one."""
    return [batch['data_samples'][0].img_path for batch in batches]


@pytest.fixture
def log(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp('log') / 'run.log'
    logger = MMLogger.get_instance(f'hook-{file.parent.name}', log_file=str(file))
    yield file
    logger.handlers[-1].close()
    logger.handlers.clear()


@pytest.mark.parametrize('workers', [0, 1])
@pytest.mark.parametrize('kind', KINDS)
def test_in_training_it_is_replaced_counted_and_named_once(kind, workers, tmp_path, log):
    batches = Runner.build_dataloader(loader(kind, tmp_path / 'data', workers=workers), seed=0)
    UnreadableImagesHook().before_run(StandIn(batches))
    for epoch in range(2):
        paths = read(batches)
        assert len(paths) == IMAGES, f'epoch {epoch} lost samples'
        assert not any(path.endswith(f'{DAMAGED:02d}.jpg') for path in paths)
    said = log.read_text()
    assert said.count('Cannot read') == 1 and f'{DAMAGED:02d}.jpg' in said
    assert f'1 of {IMAGES} files unreadable so far' in said


def test_a_damaged_mask_counts_as_its_picture(tmp_path, log):
    data = tmp_path / 'data'
    cfg = loader('segmentation', data)
    whole = encode(photograph(40, 40, seed=DAMAGED), 'JPEG')
    (data / f'images/train/{DAMAGED:02d}.jpg').write_bytes(whole)
    mask = data / f'masks/train/{DAMAGED:02d}.png'
    mask.write_bytes(mask.read_bytes()[:40])
    batches = Runner.build_dataloader(cfg, seed=0)
    UnreadableImagesHook().before_run(StandIn(batches))
    assert not any(path.endswith(f'{DAMAGED:02d}.jpg') for path in read(batches))
    assert f"(mask '{mask}'" in log.read_text()


def test_too_many_end_the_training(tmp_path):
    batches = Runner.build_dataloader(loader('classification', tmp_path / 'data'), seed=0)
    UnreadableImagesHook(max_unreadable=0.05).before_run(StandIn(batches))
    with pytest.raises(TooManyUnreadableError, match=r'1 of 12 images.*max_unreadable=0\.05'):
        read(batches)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('which', ['val', 'test'])
def test_in_an_evaluation_it_is_named_and_ends_it(kind, which, tmp_path):
    cfg = loader(kind, tmp_path / 'data', split='val')
    (damaged,) = (tmp_path / 'data').rglob(f'val/**/{DAMAGED:02d}.jpg')
    damaged.write_bytes(damaged.read_bytes()[:-300])
    batches = Runner.build_dataloader(cfg, seed=0)
    getattr(UnreadableImagesHook(), f'before_{which}')(StandIn(batches))
    with pytest.raises(UnreadableImageError, match=f"cannot read '{damaged}' .*repair it"):
        read(batches)


@pytest.mark.parametrize('workers', [0, 1])
def test_that_end_is_told_in_a_sentence(workers, tmp_path):
    cfg = loader('classification', tmp_path / 'data', split='val', workers=workers)
    damaged = tmp_path / f'data/val/ash/{DAMAGED:02d}.jpg'
    damaged.write_bytes(b'')
    batches = Runner.build_dataloader(cfg, seed=0)
    UnreadableImagesHook().before_val(StandIn(batches))
    with pytest.raises(SystemExit, match=f"^error: cannot read '{damaged}' .*$"), foreseen_ends():
        read(batches)


def test_a_mistake_in_a_later_transform_is_raised(tmp_path):
    cfg = loader('classification', tmp_path / 'data')
    cfg.dataset.pipeline.insert(1, dict(type='Resize', scale=(32, 32), interpolation='no such'))
    batches = Runner.build_dataloader(cfg, seed=0)
    UnreadableImagesHook().before_run(StandIn(batches))
    with pytest.raises(KeyError, match='no such'):
        read(batches)


def test_data_sets_within_data_sets_are_guarded(tmp_path):
    cfg = loader('classification', tmp_path / 'data')
    twice = dict(type='RepeatDataset', times=2, dataset=cfg.dataset)
    cfg.dataset = dict(type='ConcatDataset', datasets=[twice])
    batches = Runner.build_dataloader(cfg, seed=0)
    UnreadableImagesHook().before_run(StandIn(batches))
    assert len(read(batches)) == 2 * IMAGES


def test_processes_that_an_iteration_loop_started_early_are_guarded_too(tmp_path, log):
    cfg = loader('segmentation', tmp_path / 'data', workers=1)
    runner = Runner(
        Empty(),
        str(tmp_path / 'run'),
        train_dataloader=cfg,
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=IMAGES),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
        default_hooks=dict(checkpoint=None, logger=None),
        custom_hooks=[
            dict(type='mmcnx2.ExactResumeHook'),
            dict(type='mmcnx2.UnreadableImagesHook'),
        ],
        experiment_name=tmp_path.name,
        default_scope='mmseg',
    )
    runner.train()
    assert runner.iter == IMAGES
