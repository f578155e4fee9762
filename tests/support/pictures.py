"""Pictures with a photograph's statistics, and their encodings."""

import io

import numpy as np
from PIL import Image


def photograph(height: int, width: int, *, seed: int = 0) -> Image.Image:
    """Draw an RGB picture with what photographs share: smooth spectrum, color softer than light.

    Args:
        height: In pixels.
        width: In pixels.
        seed: Of the picture.
    """
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    frequency[0, 0] = 1
    noise = np.fft.rfft2(rng.standard_normal((3, height, width)))
    planes = np.fft.irfft2(noise / frequency**1.3, s=(height, width))
    planes /= planes.std() or 1
    planes = 128 + planes * np.array([50, 12, 12])[:, None, None]  # Y, Cb, Cr
    planes = planes.clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
    return Image.fromarray(planes.copy(), 'YCbCr').convert('RGB')


def encode(
    image: Image.Image, format: str, *, mode: str | None = None, orientation: int | None = None,
    **options,
) -> bytes:  # fmt: skip
    """Encode a picture.

    Args:
        image: The picture.
        format: Pillow's name.
        mode: Pillow's, to convert to first.
        orientation: EXIF's, to write into the file.
        options: Pillow's, for the format.
    """
    if orientation is not None:
        options['exif'] = Image.Exif()
        options['exif'][0x0112] = orientation
    file = io.BytesIO()
    (image.convert(mode) if mode else image).save(file, format, **options)
    return file.getvalue()
