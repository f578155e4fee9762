"""Rendering of a whole data set by several processes."""

import contextlib
import functools
import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from tqdm import tqdm

from mmcnx2.outputs import is_occupied, move_aside

from ..scene_settings import SceneSettings
from . import coco
from .composer import compose
from .files import Item, annotation_file, expected_files, items, make_folders
from .meta import META_FILE, describe, read_meta, write_meta


def is_complete(root: Path, settings: SceneSettings) -> bool:
    """Whether a folder holds all files of the data set, of these settings and this version."""
    meta = read_meta(root)
    if meta != describe(settings, complete=True):
        return False
    return all((root / path).is_file() for path in expected_files(settings))


def build(
    root: str | Path, settings: SceneSettings, *, workers: int, progress: bool = True
) -> bool:
    """Render a data set, unless it is there already.

    Args:
        root: Folder of the data set. Created if missing. One that is incomplete is completed; one
            of other settings or another version is moved aside.
        settings: What to render. The files do not depend on anything else.
        workers: Number of processes, >= 1. More than one are started afresh, so a script that
            asks for them needs the usual ``if __name__ == '__main__':``.
        progress: Whether to show a progress bar.

    Returns:
        True if anything was rendered, False if the data set was complete.

    Raises:
        ValueError: If there are no workers.
        FileExistsError: If the folder holds files that are not a data set of scenes: nothing in
            it is touched.
    """
    if workers < 1:
        raise ValueError(f'workers is {workers}, but rendering needs a process: give 1 or more.')
    root = Path(root)
    if is_complete(root, settings):
        return False
    meta = read_meta(root)
    if is_occupied(root) and meta is None:
        raise FileExistsError(
            f'{root} is not empty and has no {META_FILE} of a scene data set, '
            'so it is left alone: give an empty or a new folder.'
        )
    if meta and dict(meta, complete=True) != describe(settings, complete=True):
        move_aside(root)
    root.mkdir(parents=True, exist_ok=True)
    # From here until the end the folder says that it is incomplete.
    write_meta(root, describe(settings, complete=False))
    make_folders(root, settings)
    _render_all(root, settings, workers, progress)
    write_meta(root, describe(settings, complete=True))
    return True


def _render_all(root, settings, workers, progress) -> None:
    work = list(items(settings))
    annotations = dict(train=[], val=[])
    with _mapper(workers) as parallel_map:
        done = parallel_map(functools.partial(render, root=root, settings=settings), work)
        bar = tqdm(
            zip(work, done, strict=True),
            total=len(work),
            desc='Rendering scenes',
            unit='image',
            mininterval=0.5,
            disable=not progress,
        )
        for item, found in bar:
            if item.split in annotations:
                name = PurePosixPath(item.images()[1]).name
                annotations[item.split].append((name, found))
    names = describe(settings, complete=True)
    for split, images in annotations.items():
        if images:
            text = json.dumps(
                coco.document(
                    images,
                    size=settings.size,
                    classes=names['object_classes'],
                    description=names['generator'],
                )
            )
            (root / annotation_file(split)).write_text(text)


@contextlib.contextmanager
def _mapper(workers: int) -> Iterator[Callable]:
    """``map``, in this process for one worker, else in as many new ones."""
    if workers == 1:
        yield map
        return
    # New processes and not forks: a fork of a process in which OpenCV has already used its
    # threads waits for them for ever. One thread each, so that processes do not fight for cores.
    with ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context('spawn'),
        initializer=cv2.setNumThreads,
        initargs=(1,),
    ) as pool:
        yield functools.partial(pool.map, chunksize=8)


def render(item: Item, *, root: Path, settings: SceneSettings) -> list[dict]:
    """Render one picture and write all its files but the shared ones.

    Returns:
        COCO entries of its objects, without ids.
    """
    rng = np.random.default_rng(item.seed(settings))
    scene = compose(rng, size=settings.size, classes=settings.classes, label=item.label)
    quality = int(rng.integers(85, 96))
    for path in item.images():
        jpeg = not path.endswith('.png')
        _write(root / path, scene.image, [cv2.IMWRITE_JPEG_QUALITY, quality] if jpeg else [])
    if item.mask() is None:
        return []
    _write(root / item.mask(), scene.semantic, [])
    return [coco.annotation(instance) for instance in scene.instances]


def _write(path: Path, image: np.ndarray, parameters: list[int]) -> None:
    """Encode and write; OpenCV's own writer only warns when a disk is full."""
    _, data = cv2.imencode('.png' if path.suffix == '.png' else '.jpg', image, parameters)
    path.write_bytes(data.tobytes())
