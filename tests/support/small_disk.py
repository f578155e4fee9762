"""A disk that a test can fill: a small file system of its own, in memory or in a file."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mmengine.hooks import Hook

MEGABYTE = 1 << 20


@contextmanager
def small_disk(folder: Path, megabytes: int = 8) -> Iterator[Path]:
    """Mount a file system, or skip the test where that is not allowed.

    Args:
        folder: Empty, for a place to mount it at.
        megabytes: Its size.
    """
    place, image = folder / 'disk', folder / 'image'
    place.mkdir()
    refusals = []
    for mount in (_mount_memory, _mount_file):
        try:
            mount(place, image, megabytes)
            break
        except (OSError, subprocess.CalledProcessError) as error:
            refusals.append(str(getattr(error, 'stderr', '') or error).strip())
    else:
        pytest.skip(f'no file system can be mounted here: {"; ".join(refusals)}')
    try:
        yield place
    finally:
        _run('umount', '-l', place)  # lazily: logs are still open


class FillDisk(Hook):
    """Takes all the room there is, before one step, and gives it back before another.

    Args:
        before: The first one, from 1.
        until: The other one.
        leave: Bytes that stay free.
    """

    priority = 'HIGHEST'

    def __init__(self, before: int, until: int = 0, *, leave: int = 0):
        self.before, self.until, self.leave = before, until, leave

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        filler = Path(runner.work_dir, 'filler')
        if runner.iter + 1 == self.before:
            fill(filler, leave=self.leave)
        if runner.iter + 1 == self.until:
            filler.unlink()


def fill(file: Path, *, leave: int = 0) -> None:
    """Write a file for which the disk has hardly, or not, enough room."""
    with file.open('wb', buffering=0) as filler:
        for block in (MEGABYTE, 4096, 1):
            try:
                while True:
                    filler.write(bytes(block))
            except OSError:
                pass
        filler.truncate(filler.tell() - leave)


def _mount_memory(place: Path, image: Path, megabytes: int) -> None:
    _run('mount', '-t', 'tmpfs', '-o', f'size={megabytes}m', 'tmpfs', place)


def _mount_file(place: Path, image: Path, megabytes: int) -> None:
    with image.open('wb') as file:
        file.truncate(megabytes * MEGABYTE)
    maker = shutil.which('mkfs.ext4') or '/sbin/mkfs.ext4'
    _run(maker, '-q', image)
    _run('mount', '-o', 'loop', image, place)


def _run(*command) -> None:
    subprocess.run([*map(str, command)], check=True, capture_output=True, text=True, env=os.environ)
