"""Only regular files are read, and no more of them than asked for."""

import os
import socket

import pytest

from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import UnreadableImageError


def test_reads_a_file_and_a_link_to_one(tmp_path):
    (tmp_path / 'a.jpg').write_bytes(b'content')
    (tmp_path / 'link.jpg').symlink_to('a.jpg')
    for name in ('a.jpg', 'link.jpg'):
        assert read_image_file(str(tmp_path / name)) == b'content'
        assert read_image_file(tmp_path / name, max_bytes=7) == b'content'


def test_a_pipe_that_nobody_writes_to_does_not_stop_it(tmp_path):
    os.mkfifo(tmp_path / 'a.jpg')
    with pytest.raises(UnreadableImageError, match='it is a pipe, but a regular file'):
        read_image_file(str(tmp_path / 'a.jpg'))


def test_a_device_that_never_ends_is_not_read(tmp_path):
    (tmp_path / 'a.jpg').symlink_to('/dev/zero')
    with pytest.raises(UnreadableImageError, match='it is a device, but a regular file'):
        read_image_file(str(tmp_path / 'a.jpg'))


def test_a_folder_and_a_socket_are_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # addresses of sockets are short
    os.mkdir('folder.jpg')
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind('socket.jpg')
        for name in ('folder.jpg', 'socket.jpg'):
            with pytest.raises((UnreadableImageError, OSError)):
                read_image_file(name)


def test_a_file_over_the_limit_is_not_read(tmp_path):
    with open(tmp_path / 'a.tif', 'wb') as file:
        file.truncate(2**40)  # takes no room on the disk
    with pytest.raises(UnreadableImageError, match='1099511627776 bytes, more than max_b'):
        read_image_file(str(tmp_path / 'a.tif'))


def test_other_back_ends_have_the_same_limit(tmp_path, monkeypatch):
    from mmengine.fileio import HTTPBackend

    monkeypatch.setattr(HTTPBackend, 'get', lambda self, path: b'content')
    args = dict(backend_args=dict(backend='http'))
    assert read_image_file('http://host/a.jpg', **args) == b'content'
    with pytest.raises(UnreadableImageError, match='7 bytes, more than max_bytes=6'):
        read_image_file('http://host/a.jpg', max_bytes=6, **args)
