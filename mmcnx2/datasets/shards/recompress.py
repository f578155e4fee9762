"""Smaller JPEGs in shards: most of the time of loading goes into undoing their Huffman code."""

from dataclasses import dataclass

import numpy as np
import simplejpeg

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.resize import resize_bicubic


@dataclass(frozen=True)
class Recompression:
    """Encodes an image again, as a JPEG with chroma subsampling 4:2:0.

    Attributes:
        quality: Quality of the JPEG, 1 to 100; None leaves images alone that are not reduced, and
            is 90 for
            those that are.
        short_side: Larger images are reduced to this short side in pixels; None leaves sizes.
    """

    quality: int | None = None
    short_side: int | None = None

    def __post_init__(self):
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ValueError(f'quality={self.quality}, but 1 to 100 was expected.')
        if self.short_side is not None and self.short_side < 1:
            raise ValueError(f'short_side={self.short_side}, but at least 1 pixel was expected.')

    def __call__(self, data: bytes) -> bytes | None:
        """Return the new file, or None where the old one is to stay.

        That is where the new one would be larger, or the image is no gray or color one of 8 bits.

        Args:
            data: The image's file.

        Raises:
            UnreadableImageError: If it cannot be decoded.
        """
        image = EncodedImage(data)
        short = min(image.shape)
        target = min(short, self.short_side or short)
        if not image.color:
            return None  # a JPEG cannot hold what it does
        if target == short and self.quality is None:
            return None
        pixels, _ = image.decode(max(n for n in (1, 2, 4, 8) if n == 1 or n * target <= short))
        if target < short:
            size = tuple(max(1, round(side * target / short)) for side in image.shape)
            pixels = resize_bicubic(pixels, size)
        pixels = np.ascontiguousarray(pixels)
        smaller = simplejpeg.encode_jpeg(pixels, self.quality or 90, 'BGR', '420')
        return smaller if len(smaller) < len(data) else None
