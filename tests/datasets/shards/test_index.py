"""The index of shards is read back as it was written, and trusted with nothing else."""

import json

import pytest

from mmcnx2.datasets.shards.index import Shard, ShardIndex

INDEX = ShardIndex(
    [Shard('images-000000.tar', 3, 10240, 'ab'), Shard('images-000001.tar', 2, 10240, 'cd')],
    plan='ef',
    classes=['cat', 'dog'],
    left_out=['cat/readme.jpg'],
)


def changed(**changes) -> str:
    content = json.loads(INDEX.to_json())
    content.update(changes)
    return json.dumps(content)


def test_survives_writing_and_reading():
    assert ShardIndex.from_json(INDEX.to_json(), source='index.json') == INDEX
    assert INDEX.images == 5


@pytest.mark.parametrize(
    'name',
    ['pipe:touch owned.tar', '../other.tar', '/etc/a.tar', 'a/b.tar', 'http://x/a.tar', '.tar',
     '-a.tar', 'a.tar.gz', 'a.tar\n', '', 7],
)  # fmt: skip
def test_shards_outside_the_folder_are_refused(name):
    text = changed(shards=[dict(name=name, images=1, bytes=1, sha256='ab')])
    with pytest.raises(ValueError, match=r"'here/index.json' is no index.*no plain file name"):
        ShardIndex.from_json(text, source='here/index.json')


@pytest.mark.parametrize(
    'text',
    ['', 'null', '[]', '{}', changed(shards=3), changed(shards=[{}]), changed(surplus=1),
     changed(shards=[dict(name='a.tar', images=0, bytes=1, sha256='ab')])],
    ids=['empty', 'null', 'list', 'no keys', 'no shards', 'empty shard', 'surplus', 'no images'],
)  # fmt: skip
def test_other_files_are_refused(text):
    with pytest.raises(ValueError, match='no index of shards'):
        ShardIndex.from_json(text, source='index.json')


@pytest.mark.parametrize('changes', [dict(version=2), dict(shards=[])], ids=['version', 'none'])
def test_other_versions_and_no_shards_are_refused(changes):
    with pytest.raises(ValueError, match='make the shards again'):
        ShardIndex.from_json(changed(**changes), source='index.json')
