"""Shards as a data set: each image once an epoch, and the same order after a resume."""

from collections import Counter
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import distributed

from mmcnx2.datasets import ImageShards
from tests.support.shards import make_shards, spoil

PIPELINE = [
    dict(type='mmcnx2.LoadEncodedImage'),
    dict(type='mmcnx2.DecodeRandomResizedCrop', scale=16),
    dict(type='PackInputs'),
]
NUMBERS_ALONE = [dict(type='mmcnx2.LoadEncodedImage'), dict(type='PackInputs')]
pytestmark = pytest.mark.filterwarnings('ignore:This DataLoader will create')


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmpretrain')


@pytest.fixture(scope='module')
def shards(tmp_path_factory) -> Path:
    """43 images, the last shard with 3 of its 5."""
    return make_shards(tmp_path_factory.mktemp('set'), 43)


def build_loader(shards: Path, *, batch_size=4, num_workers=0, drop_last=False, pipeline=PIPELINE,
                 **options):  # fmt: skip
    """The data loader as the runner builds it from a config."""
    return Runner.build_dataloader(
        dict(
            batch_size=batch_size,
            num_workers=num_workers,
            persistent_workers=num_workers > 0,
            drop_last=drop_last,
            sampler=None,
            collate_fn=dict(type='default_collate'),
            dataset=dict(
                type='mmcnx2.ImageShards', data_root=str(shards), pipeline=pipeline, **options
            ),
        ),
        seed=0,
    )


def read(loader, epoch: int = 0, *, seed: int = 0, done: int = 0) -> list[list[int]]:
    """Numbers of the images of each batch of an epoch."""
    loader.dataset.start_epoch(
        epoch, seed=seed, batch_size=loader.batch_size, drop_last=loader.drop_last,
        batches_done=done,
    )  # fmt: skip
    return [[sample.sample_idx for sample in batch['data_samples']] for batch in loader]


def flat(batches: list[list[int]]) -> list[int]:
    return [number for batch in batches for number in batch]


@pytest.mark.parametrize('num_workers', [0, 3])
@pytest.mark.parametrize('drop_last', [False, True])
def test_an_epoch_has_every_image_once(shards, num_workers, drop_last):
    loader = build_loader(shards, num_workers=num_workers, drop_last=drop_last)
    for epoch in range(2):
        batches = read(loader, epoch)
        assert len(batches) == len(loader) == (10 if drop_last else 11)
        numbers = flat(batches)
        assert len(numbers) == len(set(numbers)) == (40 if drop_last else 43)


def test_samples_are_images_with_the_names_of_their_files(shards):
    loader = build_loader(shards, batch_size=43)
    loader.dataset.start_epoch(0, seed=0, batch_size=43, drop_last=False)
    (batch,) = loader
    assert (batch['inputs'].shape, batch['inputs'].dtype) == ((43, 3, 16, 16), torch.uint8)
    assert sorted(sample.img_path for sample in batch['data_samples']) == sorted(
        path.relative_to(shards.parent / 'images').as_posix()
        for path in (shards.parent / 'images').rglob('*.jpg')
    )


def test_labels_are_those_of_the_folders(tmp_path):
    shards = make_shards(tmp_path, 6, labels=True)
    dataset = ImageShards(str(shards), NUMBERS_ALONE)
    assert dataset.metainfo == dict(classes=('a', 'b'))
    dataset.start_epoch(0, seed=0, batch_size=1, drop_last=False)
    labels = {sample['data_samples'].img_path[0]: sample['data_samples'].gt_label.item()
              for sample in dataset}  # fmt: skip
    assert labels == dict(a=0, b=1)


def test_the_order_follows_from_seed_and_epoch(shards):
    orders = [
        flat(read(build_loader(shards), epoch, seed=seed))
        for epoch, seed in ((0, 0), (0, 0), (1, 0), (0, 1))
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2] != orders[3] != orders[0]


def test_the_buffer_shuffles_beyond_shards(shards):
    plain = flat(read(build_loader(shards, shuffle_buffer=1)))
    assert [number // 5 for number in plain] != sorted(number // 5 for number in plain)
    in_shards = [plain[i] + 1 == plain[i + 1] for i in range(42)]
    assert sum(in_shards) >= 34, 'without a buffer, images follow each other as in their shards'
    mixed = flat(read(build_loader(shards, shuffle_buffer=20)))
    assert sum(mixed[i] + 1 == mixed[i + 1] for i in range(42)) < 10
    assert sorted(mixed) == sorted(plain)


@pytest.mark.parametrize('num_workers', [0, 2, 3])
@pytest.mark.parametrize('done', [1, 4, 10, 11])
def test_goes_on_within_an_epoch(shards, num_workers, done):
    whole = read(build_loader(shards, num_workers=num_workers), 3)
    rest = read(build_loader(shards, num_workers=num_workers), 3, done=done)
    assert rest == whole[done:]


@pytest.mark.parametrize('num_workers', [0, 2])
def test_unreadable_images_are_counted_and_replaced(tmp_path, num_workers):
    shards = make_shards(tmp_path, 20)
    for name in ('a/004.jpg', 'b/011.jpg'):
        data = (tmp_path / 'images' / name).read_bytes()
        spoil(shards, data, data[:-300] + b'x' * 300)
    loader = build_loader(shards, num_workers=num_workers)
    numbers = flat(read(loader))
    assert len(numbers) == 20
    assert len(loader.dataset.unreadable) == 2
    assert set(numbers) == set(range(20)) - set(loader.dataset.unreadable)
    assert max(Counter(numbers).values()) <= 3


def test_no_readable_image_is_an_error(tmp_path):
    shards = make_shards(tmp_path, 2)
    spoil(shards, b'\xff\xd8\xff', b'xxx')
    with pytest.raises(RuntimeError, match='none of the 2 images of a worker'):
        read(build_loader(shards))


def test_a_mistake_in_the_pipeline_is_raised(shards):
    def mistake(data):
        raise KeyError('no such key')

    dataset = ImageShards(str(shards), [*NUMBERS_ALONE[:1], mistake])
    dataset.start_epoch(0, seed=0, batch_size=1, drop_last=False)
    with pytest.raises(KeyError, match='no such key'):
        next(iter(dataset))


def test_a_missing_hook_is_one_sentence(shards):
    with pytest.raises(RuntimeError, match='ShardEpochHook'):
        next(iter(ImageShards(str(shards))))


def test_a_wrong_buffer_is_refused(shards):
    with pytest.raises(ValueError, match='shuffle_buffer=0'):
        ImageShards(str(shards), shuffle_buffer=0)


def _read_as_rank(rank: int, shards: Path, rendezvous: Path, results: Path) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        'gloo', init_method=f'file://{rendezvous}', rank=rank, world_size=2
    )
    init_default_scope('mmpretrain')
    seen = {}
    for batch_size, drop_last in ((4, False), (4, True), (7, False)):
        loader = build_loader(shards, num_workers=2, batch_size=batch_size, drop_last=drop_last)
        for epoch in (0, 1):
            whole = read(loader, epoch)
            assert len(whole) == len(loader)
            rest = read(loader, epoch, done=3)
            assert rest == whole[3:], f'rank {rank}, epoch {epoch}'
            seen[batch_size, drop_last, epoch] = whole
    gathered = [None, None]
    distributed.all_gather_object(gathered, seen)
    if rank == 0:
        torch.save(gathered, results)
    distributed.destroy_process_group()


def test_two_processes_with_two_workers_share_all_images(shards, tmp_path):
    """43 images: 22 and 21. In batches of 7, the second rank needs one more for a fourth batch."""
    arguments = (shards, tmp_path / 'rendezvous', tmp_path / 'seen.pt')
    mp.start_processes(_read_as_rank, arguments, nprocs=2, start_method='fork')
    ranks = torch.load(tmp_path / 'seen.pt')
    for case in ranks[0]:
        batch_size, drop_last, epoch = case
        batches = [rank[case] for rank in ranks]
        assert len(batches[0]) == len(batches[1]), f'{case}: one rank has more steps'
        counts = Counter(flat(batches[0]) + flat(batches[1]))
        repeated = sum(counts.values()) - len(counts)
        assert repeated == (1 if batch_size == 7 else 0), f'{case}: {counts.most_common(3)}'
        missing = 43 - len(counts)
        assert missing == (43 - 40 if drop_last else 0), f'{case} misses {missing} images'
    assert ranks[0][4, False, 0] != ranks[0][4, False, 1], 'both epochs have one order'
