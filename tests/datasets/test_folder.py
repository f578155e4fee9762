"""A folder of unlabelled images, through the pipeline of the pre-training configs."""

import os
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from PIL import Image

from mmcnx2.datasets import ImageFolderUnlabelled
from mmcnx2.datasets.readers import READERS
from mmcnx2.registry import DATASETS
from tests.support.file_server import served

CONFIGS = Path(__file__).parents[2] / 'configs'

OPENCVS = READERS[0].endings + ('.tif', '.tiff')


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmpretrain')


@pytest.fixture
def pipeline():
    """The pipeline of the folder config, at 32 px."""
    dataset = Config.fromfile(CONFIGS / '_base_/datasets/folder_fcmae.py').train_dataloader.dataset
    dataset.pipeline[1].scale = 32
    return dataset.pipeline


@pytest.fixture
def log(tmp_path_factory):
    """The log file of mmengine's logger, as a run keeps it; forked workers write to it as well.

    pytest's own captures see neither the workers nor a logger that does not propagate.
    """
    file = tmp_path_factory.mktemp('log') / 'run.log'
    logger = MMLogger.get_instance(f'folder-{file.parent.name}', log_file=str(file))
    yield file
    logger.handlers[-1].close()
    logger.handlers.clear()


def write(path: Path, *, seed: int = 0) -> Path:
    """Write a small image; the ending of the name picks the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 36, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    mode = {'.pgm': 'L', '.pbm': '1'}.get(path.suffix.lower())
    image = image.convert(mode) if mode else image
    image.save(path, format={'.jpe': 'JPEG'}.get(path.suffix.lower()))
    return path


def names(dataset: ImageFolderUnlabelled) -> list[str]:
    paths = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    return [os.path.relpath(path, dataset.data_root) for path in paths]


def loader(folder: Path, pipeline: list, *, workers: int, batch: int):
    """The data loader as the runner builds it from a config."""
    return Runner.build_dataloader(
        dict(
            batch_size=batch,
            num_workers=workers,
            persistent_workers=workers > 0,
            sampler=dict(type='DefaultSampler', shuffle=True),
            collate_fn=dict(type='default_collate'),
            dataset=dict(
                type='mmcnx2.ImageFolderUnlabelled', data_root=str(folder), pipeline=pipeline
            ),
        ),
        seed=0,
    )


def test_lists_nested_folders_in_sorted_order(tmp_path, pipeline):
    for name in ('b.png', 'a/z.jpg', 'a/deep/down/y.JPG', 'a.jpeg', 'A/x.PnG'):
        write(tmp_path / name)
    (tmp_path / 'a/readme.txt').write_text('no image')
    assert names(ImageFolderUnlabelled(tmp_path, pipeline)) == [
        'A/x.PnG', 'a/deep/down/y.JPG', 'a/z.jpg', 'a.jpeg', 'b.png',
    ]  # fmt: skip


def test_leaves_out_hidden_files_and_folders(tmp_path, pipeline):
    for name in ('a.jpg', '._a.jpg', '.cache/b.jpg'):
        write(tmp_path / name)
    assert names(ImageFolderUnlabelled(tmp_path, pipeline)) == ['a.jpg']


def test_follows_links_and_survives_a_loop(tmp_path, pipeline):
    write(tmp_path / 'elsewhere/a.jpg')
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/linked').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'elsewhere/loop').symlink_to(tmp_path / 'data')
    assert names(ImageFolderUnlabelled(tmp_path / 'data', pipeline)) == ['linked/a.jpg']


@pytest.mark.parametrize('extension', OPENCVS)
def test_reads_every_extension_of_opencvs_that_it_lists(tmp_path, pipeline, extension):
    import cv2

    path = write(tmp_path / f'image{extension}')
    if not cv2.haveImageReader(str(path)):
        pytest.skip(f'this OpenCV has no reader for {extension}')
    sample = ImageFolderUnlabelled(tmp_path, pipeline)[0]
    assert sample['inputs'].shape == (3, 32, 32)


def test_is_built_by_name_and_takes_the_options_of_base_dataset(tmp_path, pipeline):
    for i in range(5):
        write(tmp_path / f'{i}.jpg')
    dataset = DATASETS.build(
        dict(
            type='mmcnx2.ImageFolderUnlabelled',
            data_root=str(tmp_path),
            pipeline=pipeline,
            indices=2,
        )
    )
    assert names(dataset) == ['0.jpg', '1.jpg']


def test_own_extensions_replace_the_list(tmp_path, pipeline):
    for name in ('a.jpg', 'b.png'):
        write(tmp_path / name)
    dataset = ImageFolderUnlabelled(tmp_path, pipeline, extensions=('.PNG',))
    assert names(dataset) == ['b.png']


def test_a_missing_folder_is_an_error_that_says_where_it_looked(tmp_path, pipeline):
    with pytest.raises(FileNotFoundError, match=f"'{tmp_path}/nowhere'.*does not exist.*data_root"):
        ImageFolderUnlabelled(tmp_path / 'nowhere', pipeline)


def test_an_empty_folder_is_an_error_that_says_where_it_looked_and_for_what(tmp_path, pipeline):
    (tmp_path / 'notes.txt').write_text('no image')
    sentence = rf"'{tmp_path}'.*\.jpg, \.jpeg.*\.tif.*left out: 1 \.txt"
    with pytest.raises(FileNotFoundError, match=sentence):
        ImageFolderUnlabelled(tmp_path, pipeline)


def test_a_folder_of_shards_is_told_where_they_are_read(tmp_path, pipeline):
    (tmp_path / '00000.tar').touch()
    with pytest.raises(FileNotFoundError, match='left out: 1 .tar; tar files are read as shards'):
        ImageFolderUnlabelled(tmp_path, pipeline)


def test_a_folder_at_an_address_is_looked_through(pipeline, tmp_path):
    (tmp_path / 'a').mkdir()
    Image.new('RGB', (8, 8)).save(tmp_path / 'a/1.png')
    (tmp_path / 'b').mkdir()
    with served(tmp_path) as url:
        dataset = ImageFolderUnlabelled(url, pipeline)
        assert [dataset.get_data_info(0)['img_path'], len(dataset)] == [f'{url}/a/1.png', 1]
        assert dataset[0] is not None
        with pytest.raises(FileNotFoundError, match=f"'{url}/b' and its subfolders hold no image"):
            ImageFolderUnlabelled(f'{url}/b', pipeline)


@pytest.mark.parametrize('empty', ['', '  '])
def test_an_empty_path_is_not_the_whole_file_system(pipeline, empty):
    with pytest.raises(ValueError, match='data_root is empty, but a path is expected'):
        ImageFolderUnlabelled(empty, pipeline)


def test_a_tilde_is_the_home_folder(tmp_path, pipeline, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    write(tmp_path / 'pictures/a.jpg')
    dataset = ImageFolderUnlabelled('~/pictures', pipeline)
    assert dataset.get_data_info(0)['img_path'] == str(tmp_path / 'pictures/a.jpg')


def test_the_log_says_what_was_found_and_left_out(tmp_path, pipeline, log):
    write(tmp_path / 'a.jpg')
    os.mkfifo(tmp_path / 'b.jpg')
    (tmp_path / 'raw.cr2').touch()
    assert names(ImageFolderUnlabelled(tmp_path, pipeline)) == ['a.jpg']
    said = log.read_text()
    assert f"Found 1 image below '{tmp_path}' (1 .jpg); left out: 1 .cr2;" in said
    assert "1 that are no regular files: 'b.jpg' (a pipe)." in said


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, pipeline, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, 'Permission denied', folder)

    write(tmp_path / 'a.jpg')
    monkeypatch.setattr(os, 'scandir', refuse)
    with pytest.raises(FileNotFoundError, match=r"cannot be listed: '\.' \(Permission denied\)"):
        ImageFolderUnlabelled(tmp_path, pipeline)


@pytest.mark.parametrize('workers', [0, 2])
def test_unreadable_files_are_counted_named_once_and_replaced(tmp_path, pipeline, log, workers):
    good = [write(tmp_path / f'good/{i}.jpg', seed=i) for i in range(6)]
    (tmp_path / 'empty.jpg').touch()
    (tmp_path / 'text.png').write_text('not an image')
    (tmp_path / 'cut.jpg').write_bytes(good[0].read_bytes()[:-200])  # found when decoded
    (tmp_path / 'gone.png').symlink_to(tmp_path / 'nowhere.png')

    batches = loader(tmp_path, pipeline, workers=workers, batch=5)
    dataset = batches.dataset
    for epoch in range(3):
        samples = [sample for batch in batches for sample in batch['data_samples']]
        assert len(samples) == len(dataset) == 10, f'epoch {epoch} lost samples'
        paths = {sample.img_path for sample in samples}
        assert paths <= {str(path) for path in good}, f'epoch {epoch} kept an unreadable file'

    bad = sorted(str(tmp_path / name) for name in ('cut.jpg', 'empty.jpg', 'gone.png', 'text.png'))
    assert dataset.unreadable == bad
    said = log.read_text()
    for path in bad:
        assert said.count(f"Cannot read '{path}'") == 1, said
    assert '4 of 10 files unreadable so far' in said


def test_no_readable_file_at_all_is_an_error(tmp_path, pipeline):
    for i in range(3):
        (tmp_path / f'{i}.jpg').touch()
    with pytest.raises(RuntimeError, match=f"3 of 3 images below '{tmp_path}' could not be read"):
        ImageFolderUnlabelled(tmp_path, pipeline)[0]


def test_a_mistake_in_the_pipeline_is_raised(tmp_path, pipeline):
    write(tmp_path / 'a.jpg')

    def mistake(data):
        raise KeyError('no such key')

    with pytest.raises(KeyError, match='no such key'):
        ImageFolderUnlabelled(tmp_path, [pipeline[0], mistake])[0]


def test_the_same_seed_gives_the_same_batches(tmp_path, pipeline):
    for i in range(8):
        write(tmp_path / f'{i}.jpg', seed=i)
    (tmp_path / 'empty.jpg').touch()

    def epoch():
        batches = loader(tmp_path, pipeline, workers=2, batch=3)
        return [image for batch in batches for image in batch['inputs']]

    for i, (first, second) in enumerate(zip(epoch(), epoch(), strict=True)):
        assert first.equal(second), f'sample {i} differs'


def test_a_list_names_the_images_and_their_order(tmp_path):
    (tmp_path / 'list.txt').write_text('b/2.png\na/1.png\n')
    folder = ImageFolderUnlabelled(tmp_path, pipeline=[], ann_file='list.txt')
    paths = [folder.get_data_info(index)['img_path'] for index in range(len(folder))]
    assert paths == [f'{tmp_path}/b/2.png', f'{tmp_path}/a/1.png']
    (tmp_path / 'list.txt').write_text('\n')
    with pytest.raises(FileNotFoundError, match="list of images '.*list.txt' is empty"):
        ImageFolderUnlabelled(tmp_path, pipeline=[], ann_file='list.txt')
    with pytest.raises(FileNotFoundError, match="list of images '.*gone.txt' does not exist"):
        ImageFolderUnlabelled(tmp_path, pipeline=[], ann_file='gone.txt')
