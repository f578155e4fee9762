"""Who reads which format: the one table, asked by the ending of a name and by a file's header."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from mmcnx2.datasets.image_header import ImageHeader
from mmcnx2.datasets.readers.dicom import INSTALL as PYDICOM
from mmcnx2.datasets.readers.dicom import decode_dicom
from mmcnx2.datasets.readers.heic import INSTALL as PILLOW_HEIF
from mmcnx2.datasets.readers.heic import decode_heic
from mmcnx2.datasets.readers.numpy_file import decode_npy, decode_npz
from mmcnx2.datasets.readers.opencv import decode_with_opencv, no_whole_image
from mmcnx2.datasets.readers.pixels import Pixels, ReadOptions, choose_bands
from mmcnx2.datasets.readers.tiff import decode_tiff

__all__ = [
    'READERS',
    'ReadOptions',
    'Reader',
    'choose_bands',
    'decode',
    'no_whole_image',
    'readable_endings',
]


@dataclass(frozen=True)
class Reader:
    """How files of a format are read.

    Attributes:
        formats: Names that :func:`.image_header.read_header` gives them.
        endings: Of their names, in lower case.
        decode: From a file's bytes, its header, options and ``max_pixels`` to :class:`Pixels`.
        package: Import name of the library without which none of them can be read; '' for none.
        install: What pip calls it.
    """

    formats: tuple[str, ...]
    endings: tuple[str, ...]
    decode: Callable[[bytes, ImageHeader, ReadOptions, int], Pixels]
    package: str = ''
    install: str = ''

    @property
    def installed(self) -> bool:
        """Whether the library is there."""
        return not self.package or find_spec(self.package) is not None


READERS = (
    Reader(
        ('JPEG', 'JPEG 2000', 'PNG', 'BMP', 'WebP', 'GIF', 'AVIF', 'netpbm'),
        (
            '.jpg', '.jpeg', '.jpe', '.jp2', '.png', '.bmp', '.webp', '.gif', '.avif', '.ppm',
            '.pgm', '.pbm', '.pnm',
        ),
        decode_with_opencv,
    ),
    Reader(('TIFF',), ('.tif', '.tiff'), decode_tiff),
    Reader(('NumPy array',), ('.npy',), decode_npy),
    Reader(('NumPy archive',), ('.npz',), decode_npz),
    Reader(('DICOM',), ('.dcm', '.dicom'), decode_dicom, 'pydicom', PYDICOM),
    Reader(('HEIC',), ('.heic', '.heif', '.hif'), decode_heic, 'pillow_heif', PILLOW_HEIF),
)  # fmt: skip
"""A format that is not here is not read."""


def decode(data: bytes, header: ImageHeader, options: ReadOptions, max_pixels: int) -> Pixels:
    """Decode a file by the reader of its format.

    Args:
        data: The file's bytes.
        header: Of the file.
        options: How to see what can be seen in several ways.
        max_pixels: More is refused.

    Raises:
        UnreadableImageError: See the readers.
    """
    reader = next(reader for reader in READERS if header.format in reader.formats)
    return reader.decode(data, header, options, max_pixels)


def readable_endings() -> tuple[str, ...]:
    """Return how the names of images end that can be read here, in lower case."""
    return tuple(ending for reader in READERS if reader.installed for ending in reader.endings)
