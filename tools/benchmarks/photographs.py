"""JPEG files like those of ImageNet, drawn from a seed: for benchmarks on any machine."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 375, 500
# Most of ImageNet's training images: quality 96, no chroma subsampling
# (https://www.terryalanunlimited.com/compression-in-the-imagenet-dataset).
QUALITY, SUBSAMPLING = 96, 0


def photograph(rng: np.random.Generator) -> Image.Image:
    """Draw a picture with a photograph's statistics.

    Amplitudes fall with the frequency to the power 1.25, color is softer than light, and contrast
    varies from place to place, so that smooth and busy parts lie side by side.
    """
    frequency = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH))
    frequency[0, 0] = 1

    def texture(slope: float) -> np.ndarray:
        noise = np.fft.rfft2(rng.standard_normal((HEIGHT, WIDTH)))
        plane = np.fft.irfft2(noise / frequency**slope, s=(HEIGHT, WIDTH))
        return plane / plane.std()

    contrast = np.exp(texture(2.0))
    contrast /= np.sqrt((contrast**2).mean())
    planes = [
        128 + level * contrast * texture(slope)
        for level, slope in ((40, 1.25), (12, 1.45), (12, 1.45))  # Y, Cb, Cr
    ]
    planes = np.stack(planes, -1).clip(0, 255).astype(np.uint8)
    return Image.fromarray(planes, 'YCbCr')


def write_photographs(folder: Path, count: int, *, seed: int = 0) -> list[Path]:
    """Write pictures as JPEGs of 500x375, about 110 KB each.

    Args:
        folder: Where to.
        count: How many.
        seed: Seed of the pictures.
    """
    rng = np.random.default_rng(seed)
    paths = [folder / f'{i:05d}.jpg' for i in range(count)]
    for path in paths:
        file = io.BytesIO()
        photograph(rng).save(file, 'JPEG', quality=QUALITY, subsampling=SUBSAMPLING)
        path.write_bytes(file.getvalue())
    return paths
