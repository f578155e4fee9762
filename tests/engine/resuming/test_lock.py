"""One run at a time in a folder, and none is kept out by a dead one."""

import errno
import fcntl
import os
import signal
import socket

import pytest

from mmcnx2.engine.resuming.lock import FolderLock, lock
from mmcnx2.engine.resuming.refusal import CannotStartError
from tests.support.children import hold_lock, in_child


def test_another_process_is_refused_by_host_and_number(tmp_path):
    child, said = in_child(lambda: hold_lock(tmp_path))
    assert said == 'held'
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CannotStartError) as refused:
        FolderLock(tmp_path).acquire()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert f'process {child} on {socket.gethostname()}' in str(refused.value)
    assert f"'{tmp_path}'" in str(refused.value) and '--work-dir' in str(refused.value)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_death_of_the_holder_frees_the_folder_at_once(tmp_path):
    child, _ = in_child(lambda: hold_lock(tmp_path))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    mine = FolderLock(tmp_path)
    mine.acquire()
    assert mine.held
    mine.release()


def test_a_child_that_outlives_the_holder_keeps_nobody_out(tmp_path):
    """As a loading process does whose run was killed."""

    def hold_and_leave_a_child() -> str:
        hold_lock(tmp_path)
        grandchild, _ = in_child(lambda: 'waits')
        return str(grandchild)

    child, grandchild = in_child(hold_and_leave_a_child)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.kill(int(grandchild), 0)  # it lives
    mine = FolderLock(tmp_path)
    mine.acquire()
    assert mine.held
    mine.release()
    os.kill(int(grandchild), signal.SIGKILL)


def test_released_it_lets_others_in(tmp_path):
    mine = FolderLock(tmp_path)
    mine.acquire()
    mine.release()
    assert not mine.held
    child, said = in_child(lambda: hold_lock(tmp_path))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert said == 'held'


def test_a_process_may_lock_what_it_has_locked(tmp_path):
    for each in [*lock([tmp_path]), *lock([tmp_path])]:
        assert each.held
        each.release()


@pytest.mark.parametrize('number', [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_stops_nothing(number, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, 'lockf', refuse)
    (mine,) = lock([tmp_path])
    assert not mine.held


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / 'file').touch()
    (tmp_path / 'link').symlink_to(tmp_path / 'nowhere/at/all')
    for name in ('file', 'link', 'file/below'):
        with pytest.raises(CannotStartError, match=r"work folder '.*' cannot be written .*--work"):
            FolderLock(tmp_path / name).acquire()
