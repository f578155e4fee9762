"""A data set is known again by how many images it has, and under which names."""

import os

import pytest
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset

from mmcnx2.datasets import ImageShards
from mmcnx2.datasets.folder import ImageFolderUnlabelled
from mmcnx2.datasets.identity import count_images, digest_names
from tests.support.long_run import MemoryImages
from tests.support.shards import make_shards


class Named(BaseDataset):
    def __init__(self, names: list[str], root: str = '/data', **options):
        self.names = names
        super().__init__(data_root=root, pipeline=[], **options)

    def load_data_list(self) -> list[dict]:
        return [dict(img_path=os.path.join(self.data_root, name), label=1) for name in self.names]


NAMES = [f'{number}.jpg' for number in range(30)]


def test_names_and_their_order_count():
    same = digest_names(Named(NAMES))
    assert digest_names(Named(NAMES)) == same
    assert digest_names(Named(NAMES[:-1])) != same
    assert digest_names(Named(['x.jpg', *NAMES[1:]])) != same
    assert digest_names(Named(NAMES[::-1])) != same
    assert len(same) == 16


def test_a_folder_that_was_moved_is_the_same():
    assert digest_names(Named(NAMES, '/data')) == digest_names(Named(NAMES, '/mnt/other/data'))
    assert digest_names(Named(NAMES, 'data/')) == digest_names(Named(NAMES, 'data'))


@pytest.mark.parametrize('options', [dict(serialize_data=False), dict(lazy_init=True)])
def test_how_names_are_kept_does_not_matter(options):
    assert digest_names(Named(NAMES, **options)) == digest_names(Named(NAMES))


@pytest.mark.parametrize('options', [{}, dict(serialize_data=False), dict(indices=2)])
def test_a_folder_keeps_names_alone_and_has_the_digest_of_any_other_data_set(tmp_path, options):
    names = ['a/1.jpg', 'a/2\udcff.jpg', 'a/new\nline.jpg']
    (tmp_path / 'a').mkdir()
    for name in names:
        (tmp_path / name).touch()
    folder = ImageFolderUnlabelled(str(tmp_path), [], **options)
    names = names[: options.get('indices', 3)]
    assert digest_names(folder) == digest_names(Named(names))
    infos = [folder.get_data_info(index) for index in range(len(folder))]
    assert [info['img_path'] for info in infos] == [f'{tmp_path}/{name}' for name in names]
    assert folder.get_data_info(-1) == infos[-1] == infos[-1] | dict(sample_idx=len(names) - 1)


def test_a_subset_is_another():
    assert digest_names(Named(NAMES, indices=10)) == digest_names(Named(NAMES[:10]))


def test_wrappers_are_looked_through():
    a, b = Named(NAMES), Named(['x.jpg'])
    assert digest_names(RepeatDataset(a, times=2)) == digest_names(a)
    assert digest_names(ConcatDataset([a, b])) == digest_names(Named([*NAMES, 'x.jpg']))


def test_more_names_than_are_read_at_once(monkeypatch):
    whole = digest_names(Named(NAMES))
    monkeypatch.setattr('mmcnx2.datasets.identity._AT_ONCE', 7)
    assert digest_names(Named(NAMES)) == whole


def test_names_that_are_no_text_elsewhere_count_too():
    assert digest_names(Named(['\udcff.jpg'])) != digest_names(Named(['\udcfe.jpg']))


def test_without_names_there_is_no_digest():
    assert digest_names(MemoryImages()) is None
    assert count_images(MemoryImages(5)) == 5
    assert count_images(object()) == 0


def test_shards_are_known_by_theirs(tmp_path):
    shards = ImageShards(str(make_shards(tmp_path / 'a', 19, size=32)))
    fewer = ImageShards(str(make_shards(tmp_path / 'b', 18, size=32)))
    assert count_images(shards) == 19
    assert digest_names(shards) not in (None, digest_names(fewer))
