"""Time the start on a folder of very many images: listing, the data set, and what a worker adds.

The files are empty and lie in 1000s in a folder that is made for it and removed. CPU seconds are
those of the process, which other programs hardly change; memory is what is added to the imports.
"Own" is what a forked worker has of its own, not shared, after it has asked for a thousand names.

Example: python tools/benchmarks/list_files.py --images 1000000 --folder /dev/shm
"""

import argparse
from pathlib import Path

from mmcnx2 import arguments


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--images', type=arguments.images, default=100_000)
    parser.add_argument(
        '--folder',
        type=arguments.path,
        help='where to make them, in a folder of its own that is removed; default: where the '
        'system keeps temporary files',
    )
    args = parser.parse_args()
    if args.folder and not args.folder.is_dir():
        parser.error(f"--folder '{args.folder}' is no folder.")
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

import ctypes
import logging
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from mmengine.logging import MMLogger
from tables import table

from mmcnx2.datasets.folder import ImageFolderUnlabelled
from mmcnx2.datasets.identity import digest_names
from mmcnx2.datasets.listing import list_images

_MB = 2**20


def make_tree(root: str, images: int) -> None:
    """Make empty files, 1000 in each folder."""
    for number in range(images):
        folder = Path(root, f'class_{number // 1000:05d}')
        if number % 1000 == 0:
            folder.mkdir()
        os.close(os.open(folder / f'image_{number:07d}.jpg', os.O_CREAT))


def measured(step: Callable, root: str) -> tuple[float, int]:
    """Return CPU seconds, and the bytes at the peak, of a step in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context('fork')) as pool:
        return pool.submit(_measure, step, root).result()


def _measure(step: Callable, root: str) -> tuple[float, int]:
    ctypes.CDLL(None).malloc_trim(0)
    before = _bytes('VmRSS', 'status')
    Path('/proc/self/clear_refs').write_text('5')  # resets the peak, proc(5)
    start = time.process_time()
    kept = step(root)
    seconds = time.process_time() - start
    del kept
    return seconds, _bytes('VmHWM', 'status') - before


def list_all(root: str) -> object:
    """List the images, as every data set does first."""
    return list_images(root, ('.jpg',))


def build(root: str) -> ImageFolderUnlabelled:
    """Make the data set of pre-training."""
    MMLogger.get_instance('list_files', log_level=logging.ERROR)  # which says what it found
    return ImageFolderUnlabelled(root, pipeline=[])


def build_and_digest(root: str) -> object:
    """Make the data set, and the digest by which a resumed run knows it."""
    return digest_names(build(root))


def own_of_a_worker(root: str) -> int:
    """Return the bytes that a forked process has of its own after a thousand names."""
    with ProcessPoolExecutor(1, mp_context=get_context('fork')) as pool:
        return pool.submit(_fork_and_ask, root).result()


def _fork_and_ask(root: str) -> int:
    dataset = build(root)
    read, write = os.pipe()
    if os.fork() == 0:
        before = _bytes('Private_Dirty', 'smaps_rollup')
        for index in range(0, len(dataset), max(1, len(dataset) // 1000)):
            dataset.get_data_info(index)
        os.write(write, str(_bytes('Private_Dirty', 'smaps_rollup') - before).encode())
        os._exit(0)
    os.wait()
    return int(os.read(read, 64))


def _bytes(field: str, file: str) -> int:
    lines = Path('/proc/self', file).read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))


def main(args: argparse.Namespace) -> None:
    steps = {'list': list_all, 'data set': build, 'data set and digest': build_and_digest}
    with tempfile.TemporaryDirectory(dir=args.folder) as root:
        make_tree(root, args.images)
        rows = []
        for name, step in steps.items():
            seconds, peak = measured(step, root)
            rows.append([name, f'{args.images}', f'{seconds:.1f}', f'{peak / _MB:.0f}', ''])
        own = own_of_a_worker(root)
        rows.append(['a worker', f'{args.images}', '', '', f'{own / _MB:.1f}'])
    print(table(['step', 'images', 'CPU s', 'peak MiB', 'own MiB'], rows, texts=1))


if __name__ == '__main__':
    main(ARGS)
