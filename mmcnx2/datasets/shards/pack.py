"""Packing image files into tar shards: the same bytes from the same files, shard by shard."""

import hashlib
import json
import os
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import webdataset
from tqdm import tqdm

from mmcnx2.checks import check_not_empty
from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.folder import ImageFolderUnlabelled
from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.shards.index import INDEX_FILE, Shard, ShardIndex
from mmcnx2.datasets.shards.pool import run_jobs
from mmcnx2.datasets.shards.recompress import Recompression
from mmcnx2.datasets.shards.stream import read_index
from mmcnx2.datasets.shards.verify import checksum, find_problem
from mmcnx2.outputs import check_folder, mark_folder, write_text
from mmcnx2.paths import expand_home

# One line for each finished shard, behind a first one that says what they are made from.
PROGRESS_FILE = 'progress.jsonl'


@dataclass(frozen=True)
class PackSettings:
    """What shards hold, and how.

    Attributes:
        images_per_shard: At most.
        labels: Whether the folders directly below the source are classes, as in ImageNet's
            ``train``; each image then has its class's number in sorted order.
        seed: Seed of the order; None keeps that of the names. Shards are read one after the other,
            so
            an order that mixes classes is worth more than any buffer at training time.
        recompression: None packs each file's own bytes.
    """

    images_per_shard: int = 1000
    labels: bool = False
    seed: int | None = 0
    recompression: Recompression | None = None

    def __post_init__(self):
        if self.images_per_shard < 1:
            raise ValueError(
                f'images_per_shard={self.images_per_shard}, but at least 1 was expected.'
            )


def pack(
    source: str | Path,
    out: str | Path,
    settings: PackSettings,
    *,
    workers: int = 1,
    progress: bool = True,
) -> ShardIndex:
    """Pack the images below a folder; what an earlier, broken call finished is kept.

    Every image is decoded once, so that none in the shards is damaged; files that are no images
    are left out and listed in the index. A shard is written under another name, synced, read back
    and renamed. The index is written last.

    Args:
        source: Folder of images, nested as deep as it likes.
        out: Folder of the shards; made if not there.
        settings: What to pack.
        workers: Processes; the shards do not depend on their number.
        progress: Whether to show a progress bar.

    Returns:
        The index.

    Raises:
        FileNotFoundError: If there are no images.
        FileExistsError: If ``out`` holds shards of other files or settings, or anything else that
            was not made here.
        ValueError: If a path is empty, no file is an image, or ``labels`` is set and one lies in no
            class.
        OSError: If what was written cannot be read back.
    """
    check_not_empty(source=source, out=out)
    source, out = (Path(expand_home(str(path))) for path in (source, out))
    entries = ImageFolderUnlabelled(str(source), [], lazy_init=True).load_data_list()
    paths = [Path(entry['img_path']).relative_to(source).as_posix() for entry in entries]
    classes = _classes(paths) if settings.labels else []
    if settings.seed is not None:
        random.Random(settings.seed).shuffle(paths)
    plan = hashlib.sha256(json.dumps([paths, asdict(settings)]).encode()).hexdigest()
    if (out / INDEX_FILE).exists():
        index = read_index(str(out))
        if index.plan == plan:
            return index
        raise FileExistsError(
            f"'{out}' holds shards of other files or settings: pass another folder, or remove it."
        )
    done = _finished(out, plan)
    log = out / PROGRESS_FILE
    jobs = [
        _Job(source, out, number, tuple(paths[start : start + settings.images_per_shard]),
             start, classes, settings)
        for number, start in enumerate(range(0, len(paths), settings.images_per_shard))
        if number not in done
    ]  # fmt: skip
    with tqdm(total=len(paths), initial=len(paths) - sum(len(job.paths) for job in jobs),
              desc='Packing images', unit='image', disable=not progress) as bar:  # fmt: skip
        for job, entry in run_jobs(_write_shard, jobs, workers):
            done[job.number] = dict(number=job.number, **entry)
            _append(log, done[job.number])
            bar.update(len(job.paths))
    entries = [done[number] for number in sorted(done)]
    shards = [Shard(**entry['shard']) for entry in entries if entry['shard']]
    left_out = [path for entry in entries for path in entry['left_out']]
    if not shards:
        raise ValueError(f"none of the {len(paths)} files below '{source}' is an image.")
    index = ShardIndex(shards, plan, classes, left_out)
    write_text(out / INDEX_FILE, index.to_json())
    log.unlink()
    return index


@dataclass(frozen=True)
class _Job:
    """One shard to write."""

    source: Path
    out: Path
    number: int
    paths: Sequence[str]
    start: int
    classes: Sequence[str]
    settings: PackSettings


def _write_shard(job: _Job) -> dict:
    """Write a shard; returns its entry in the index, or none, and the files left out."""
    name = f'images-{job.number:06d}.tar'
    part = job.out / f'{name}.part'
    left_out = []
    with part.open('wb') as file:
        # Owner, time and mode are fixed, so that the same images give the same bytes.
        writer = webdataset.TarWriter(file, encoder=False, mtime=0, user='', group='')
        for position, path in enumerate(job.paths, job.start):
            try:
                sample = _sample(job, position, path)
            except (UnreadableImageError, OSError):
                left_out.append(path)
            else:
                writer.write(sample)
        writer.close()
        file.flush()
        os.fsync(file.fileno())
        written = file.tell()
    images = len(job.paths) - len(left_out)
    if not images:
        part.unlink()
        return dict(shard=None, left_out=left_out)
    shard = Shard(name, images, written, checksum(part))
    if problem := find_problem(part, shard):
        raise OSError(f"'{part}' was written wrongly ({problem}): check the disk, then run again.")
    part.replace(job.out / name)
    return dict(shard=asdict(shard), left_out=left_out)


def _sample(job: _Job, position: int, path: str) -> dict:
    """Return webdataset's sample of a file. The key is a number: names may hold dots."""
    data = read_image_file(job.source / path)
    EncodedImage(data).decode()
    suffix = Path(path).suffix.removeprefix('.').lower()
    if job.settings.recompression and (smaller := job.settings.recompression(data)):
        data, suffix = smaller, 'jpg'
    about = json.dumps(dict(path=path)).encode()
    sample = {'__key__': f'{position:09d}', suffix: data, 'json': about}
    if job.settings.labels:
        sample['cls'] = b'%d' % job.classes.index(path.split('/')[0])
    return sample


def _classes(paths: Sequence[str]) -> list[str]:
    outside = next((path for path in paths if '/' not in path), None)
    if outside is not None:
        raise ValueError(
            f"image '{outside}' lies in no class folder: pass the folder above the classes, or "
            'pack without labels.'
        )
    return sorted({path.split('/')[0] for path in paths})


def _finished(out: Path, plan: str) -> dict[int, dict]:
    """Return the entries of shards that an earlier call finished, by number; opens the log."""
    log = out / PROGRESS_FILE
    entries = _read_log(log) if log.exists() else []
    if not entries:
        check_folder(out, 'make_shards')
    if entries and entries[0] != dict(plan=plan):
        raise FileExistsError(
            f"'{out}' holds the beginning of another set of shards (other files or settings): pass "
            'another folder, or remove it.'
        )
    done = {}
    for entry in entries[1:]:
        shard = entry['shard']
        file = out / shard['name'] if shard else None
        if file is None or (file.exists() and file.stat().st_size == shard['bytes']):
            done[entry['number']] = entry
    mark_folder(out, 'make_shards')
    lines = [json.dumps(entry) + '\n' for entry in (dict(plan=plan), *done.values())]
    write_text(log, ''.join(lines))
    return done


def _read_log(log: Path) -> list[dict]:
    try:
        lines = log.read_text().split('\n')[:-1]  # a line without its end was broken off
        return [json.loads(line) for line in lines]
    except ValueError:
        raise FileExistsError(
            f"'{log}' was not written by this tool, so its folder is left as it is: pass another."
        ) from None


def _append(log: Path, entry: dict) -> None:
    with log.open('a') as file:
        file.write(json.dumps(entry) + '\n')
        file.flush()
        os.fsync(file.fileno())
