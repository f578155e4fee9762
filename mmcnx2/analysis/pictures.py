"""The pictures that a trained model is looked at with: finding, choosing and reading them."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import mmcv
import numpy as np
import torch
from torch import Tensor

from mmcnx2.checks import check_at_least
from mmcnx2.datasets.folder import ImageFolderUnlabelled
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.reading import ImageReader
from mmcnx2.datasets.resize import resize_bicubic
from mmcnx2.paths import expand_home


def find_images(paths: Sequence[str | Path]) -> list[str]:
    """Return image files, and those of folders, nested or not, in the order of their paths.

    Args:
        paths: Files and folders.

    Raises:
        FileNotFoundError: A path that is neither, or a folder without an image.
        ValueError: If there are no paths.
    """
    if not paths:
        raise ValueError('there are no pictures: give at least one image file or folder.')
    images = []
    for path in (Path(expand_home(str(path))) for path in paths):
        if path.is_dir():
            folder = ImageFolderUnlabelled(str(path), pipeline=[])
            images += [folder.get_data_info(i)['img_path'] for i in range(len(folder))]
        elif path.is_file():
            images.append(str(path))
        else:
            raise FileNotFoundError(f"'{path}' does not exist: give an image file or a folder.")
    return images


def choose_images(images: Sequence[str], count: int, *, seed: int = 0) -> list[str]:
    """Draw some pictures at random, from as many folders as possible.

    Folders take turns in a random order, so that 1000 pictures of ImageNet's validation set, one
    folder a class, come from 1000 classes, as in the paper's Figure 4.

    Args:
        images: Paths, of :func:`find_images`.
        count: How many to draw; all are taken if there are no more.
        seed: Seed of the choice.

    Raises:
        ValueError: If ``count`` is not positive.
    """
    if count < 1:
        raise ValueError(f'{count} pictures cannot be chosen: take 1 or more.')
    draw = random.Random(seed)
    folders = {}
    for image in sorted(images):
        folders.setdefault(Path(image).parent, []).append(image)
    for members in folders.values():
        draw.shuffle(members)
    queues = list(folders.values())
    draw.shuffle(queues)
    longest = max(map(len, queues), default=0)
    turns = (queue[turn] for turn in range(longest) for queue in queues if turn < len(queue))
    return [image for image, _ in zip(turns, range(count), strict=False)]


def read_square(
    path: str | Path,
    size: int,
    *,
    shorter_side: int | None = None,
    reader: ImageReader | None = None,
) -> Tensor:
    """Return the middle of a picture, ``(C, size, size)`` of the file's dtype.

    Color of 8 bits is ``(3, size, size)`` in OpenCV's order, BGR; others as of
    :meth:`.EncodedImage.decode`.

    Args:
        path: The image file.
        size: Side in pixels.
        shorter_side: What the shorter side of the picture is resized to before (Pillow's bicubic,
            proportions kept); default ``size``. The ImageNet test takes 256 for a size of 224.
        reader: Reads the file; default one without options.

    Raises:
        ValueError: If the file cannot be read as an image.
    """
    with _told(path):
        image, _ = (reader or ImageReader()).read(str(path)).decode()
    short = shorter_side or size
    height, width = image.shape[:2]
    if min(height, width) != short:
        scale = short / min(height, width)
        target = (max(short, round(width * scale)), max(short, round(height * scale)))
        if image.dtype == np.uint8 and image.shape[2] == 3:
            image = mmcv.imresize(image, target, interpolation='bicubic', backend='pillow')
        else:
            image = resize_bicubic(image, target[::-1])
    top, left = ((side - size) // 2 for side in image.shape[:2])
    middle = image[top : top + size, left : left + size]
    return torch.from_numpy(middle.copy()).permute(2, 0, 1).contiguous()


def read_kind(path: str | Path, reader: ImageReader) -> tuple[str, int]:
    """Return dtype, such as 'uint16', and number of channels of an image file.

    Args:
        path: Of the file.
        reader: Its options count.

    Raises:
        ValueError: If the file cannot be read as an image.
    """
    with _told(path):
        return reader.read(str(path)).kind


@contextmanager
def _told(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, UnreadableImageError) as error:
        reason = str(error).rstrip('.')
        raise ValueError(
            f"'{path}' cannot be read as an image ({reason}): leave it out or mend it."
        ) from None


def read_batches(
    paths: Sequence[str | Path],
    size: int,
    *,
    batch_size: int,
    shorter_side: int | None = None,
    reader: ImageReader | None = None,
) -> Iterator[Tensor]:
    """Yield pictures, ``(N, C, size, size)``, at most ``batch_size`` at a time.

    Args:
        paths: Image files.
        size: Side in pixels.
        batch_size: Pictures at a time.
        shorter_side: As for :func:`read_square`.
        reader: As for :func:`read_square`.

    Raises:
        ValueError: ``batch_size`` is below 1, or a file cannot be read as an image.
    """
    check_at_least(1, batch_size=batch_size)
    reader = reader or ImageReader()  # one for all, which refuses files that differ
    for start in range(0, len(paths), batch_size):
        batch = paths[start : start + batch_size]
        yield torch.stack(
            [read_square(path, size, shorter_side=shorter_side, reader=reader) for path in batch]
        )


def thumbnails(paths: Sequence[str | Path], side: int) -> Iterator[np.ndarray]:
    """Yield the middles of pictures, uint8 RGB ``(side, side, 3)``.

    Args:
        paths: Image files.
        side: In pixels.

    Raises:
        ValueError: A file cannot be read as an image.
    """
    for batch in read_batches(paths, side, batch_size=64):
        yield from (picture.flip(0).permute(1, 2, 0).numpy() for picture in batch)
