"""What the transforms that read an image file share: its bytes, limits, channels and nodata."""

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import (
    MAX_BYTES,
    MAX_PIXELS,
    UnreadableImageError,
    check_limits,
)
from mmcnx2.datasets.nodata import FilledValues
from mmcnx2.datasets.readers import ReadOptions
from mmcnx2.paths import printable


class ImageReader:
    """Reads image files of every format, with the options of the transform that does.

    Args:
        backend_args: mmengine's file back end, for paths that are no local files.
        max_pixels: A picture that has more, by its header, is unreadable; see
            :mod:`mmcnx2.datasets.image_limits`.
        max_bytes: A larger file is unreadable.
        bands, window, key, nodata, fill: As of :class:`.readers.ReadOptions`.

    Attributes:
        filled: Counts the values that files lacked.
        alike: Whether files of another dtype or number of channels than the first are refused.

    Raises:
        ValueError: If a limit is none, OpenCV's is lower, or an option cannot be.
    """

    def __init__(
        self,
        *,
        backend_args: dict | None = None,
        max_pixels: int = MAX_PIXELS,
        max_bytes: int = MAX_BYTES,
        **options,
    ):
        check_limits(max_pixels, max_bytes)
        self.backend_args = backend_args
        self.max_pixels, self.max_bytes = max_pixels, max_bytes
        self.options = ReadOptions(**options)
        self.filled = FilledValues()
        self.alike = True
        self._first = None

    def read(self, path: str, data: bytes | None = None) -> EncodedImage:
        """Return the image of a file.

        Args:
            path: Path of the file.
            data: Its contents, where they are there already.

        Raises:
            UnreadableImageError: If there is no image in the file, one over a limit, or one of
                another dtype or number of channels than the first that was read.
            OSError: If it cannot be read.
        """
        if data is None:
            data = read_image_file(path, max_bytes=self.max_bytes, backend_args=self.backend_args)
        image = EncodedImage(data, max_pixels=self.max_pixels, options=self.options)
        if self.alike:
            self._check_kind(path, image.kind)
        self.filled.add(image.missing, path)
        return image

    def _check_kind(self, path: str, kind: tuple[str, int]) -> None:
        """Refuse what no batch takes beside the others, and what another normalization is for."""
        if self._first is None:
            self._first = path, kind
        elif kind != self._first[1]:
            raise UnreadableImageError(describe_difference(*self._first, path, kind))


def describe_difference(a: str, kind_a: tuple, b: str, kind_b: tuple) -> str:
    """Return a sentence that two files differ in ``(dtype, channels)``."""
    first, second = (f'{channels} channels of {dtype}' for dtype, channels in (kind_a, kind_b))
    return printable(
        f"'{a}' has {first} and '{b}' has {second}: files of one data set must have the same, so "
        'keep them in folders of their own, save them alike, or choose bands that all have.'
    )
