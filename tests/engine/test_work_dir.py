"""A work folder that cannot be written to is refused in a sentence, before anything is built."""

import errno
import os

import pytest

from mmcnx2.engine import work_dir
from mmcnx2.engine.work_dir import check_work_dir
from tests.support.in_process import refusal
from tests.support.unprivileged import unprivileged


def test_it_is_made_and_left_empty(tmp_path):
    check_work_dir(str(tmp_path / 'a/b'))
    check_work_dir(str(tmp_path / 'a/b'))
    assert os.listdir(tmp_path / 'a/b') == []


def test_a_link_to_nothing_is_named_with_its_target(tmp_path):
    (tmp_path / 'run').symlink_to('/no/where')
    with pytest.raises(OSError, match="run' cannot be written to .it is a link to '/no/where', wh"):
        check_work_dir(str(tmp_path / 'run'))


def test_a_file_in_its_place_is_refused(tmp_path):
    (tmp_path / 'run').touch()
    for path in ('run', 'run/below'):
        with pytest.raises(OSError, match='cannot be written to .(File exists|Not a directory)'):
            check_work_dir(str(tmp_path / path))


def test_without_permission_it_is_refused():
    with unprivileged() as folder:
        (folder / 'closed').mkdir(mode=0o500)
        for path in ('closed', 'closed/run'):
            with pytest.raises(OSError, match=r'written to \(Permission denied\): allow'):
                check_work_dir(str(folder / path))


def test_on_a_read_only_disk_it_is_refused(tmp_path, monkeypatch):
    def refuse(dir):
        raise OSError(errno.EROFS, 'Read-only file system')

    monkeypatch.setattr(work_dir, 'TemporaryFile', refuse)
    with pytest.raises(OSError, match=r'cannot be written to \(Read-only file system\)'):
        check_work_dir(str(tmp_path / 'run'))


@pytest.mark.parametrize('name', ['train.py', 'test.py'])
def test_the_tools_say_so(name, tmp_path):
    (tmp_path / 'run').symlink_to('/no/where')
    (tmp_path / 'w.pth').touch()
    (tmp_path / 'config.py').write_text(
        "model = dict(backbone=dict())\ndefault_scope = 'mmpretrain'\n"
        'train_dataloader = test_dataloader = dict(dataset=dict())\ntest_evaluator = dict(a=1)\n'
    )
    arguments = [tmp_path / 'config.py', *([tmp_path / 'w.pth'] if name == 'test.py' else [])]
    said = refusal(name, *arguments, '--work-dir', tmp_path / 'run')
    assert said.startswith('error: work folder') and '/no/where' in said
