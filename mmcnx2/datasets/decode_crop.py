"""Two transforms that decode no more of an image than its random resized crop needs."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.datasets.transforms import RandomResizedCrop

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_limits import MAX_BYTES, MAX_PIXELS
from mmcnx2.datasets.reading import ImageReader
from mmcnx2.datasets.resize import resize_bicubic
from mmcnx2.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadEncodedImage(BaseTransform):
    """Read an image file and leave its pixels encoded, for :class:`DecodeRandomResizedCrop`.

    Required keys: ``img_path``, or ``img_bytes`` with the file's contents, which are then used and
    removed. Added keys: ``encoded_img``, an :class:`EncodedImage`; ``ori_shape``.

    Args:
        backend_args: mmengine's file back end, for paths that are no local files.
        max_pixels: A picture that has more, by its header, is unreadable; see
            :mod:`mmcnx2.datasets.image_limits`.
        max_bytes: A larger file is unreadable.
        bands: Channels to take and their order, numbered from 1 as in the file, gray and color as
            red, green, blue; None takes all.
        window: Of DICOM, the window that the file names (True), or center and width of another,
            in the units of the rescaled values; None keeps the values.
        key: Of ``.npz``, the name of the array; None where there is one alone.
        nodata: Value of pixels that are not there, besides NaN and infinity; None takes what the
            file says, such as a GeoTIFF.
        fill: What each channel gets where there is no value, the data's means in the order of the
            model's channels; None takes the mean of the image's others.

    Raises:
        UnreadableImageError: If there is no image in the file, or one over a limit.
        OSError: If the file cannot be read.
        ValueError: If a limit is none, OpenCV's is lower, or an option cannot be.
    """

    @check_types
    def __init__(
        self,
        backend_args: dict | None = None,
        *,
        max_pixels: int = MAX_PIXELS,
        max_bytes: int = MAX_BYTES,
        bands: Sequence[int] | None = None,
        window: bool | Sequence[float] | None = None,
        key: str | None = None,
        nodata: float | None = None,
        fill: Sequence[float] | None = None,
    ):
        self.reader = ImageReader(
            backend_args=backend_args, max_pixels=max_pixels, max_bytes=max_bytes,
            bands=bands, window=window, key=key, nodata=nodata, fill=fill,
        )  # fmt: skip

    def transform(self, results: dict) -> dict:
        """Add the encoded image. See the class for keys and errors."""
        data = results.pop('img_bytes', None)
        results['encoded_img'] = image = self.reader.read(results.get('img_path', ''), data)
        results['ori_shape'] = image.shape
        return results


@TRANSFORMS.register_module()
class DecodeRandomResizedCrop(RandomResizedCrop):
    """Decode a random crop of an image, resize it, bicubic with antialiasing, and perhaps flip it.

    After :class:`LoadEncodedImage` it does, in less time, what ``RandomResizedCrop(
    backend='pillow', interpolation='bicubic')`` and ``RandomFlip`` do after ``LoadImageFromFile``:

    - The crop is drawn from the size in the file's header, before decoding, by mmpretrain's
      ``RandomResizedCrop``: the distribution is torchvision's.
    - A JPEG is decoded at 1/2, 1/4 or 1/8 where the crop is then still at least as large as the
      output. That moves the crop's edges by less than a pixel of the decoded image.
    - The crop is resized by torch's antialiased bicubic kernel for uint8, whose results are
      Pillow's but for rounding (see :func:`~mmcnx2.datasets.resize.resize_bicubic`).

    - Other dtypes and numbers of channels stay as they are.

    Required and removed key: ``encoded_img``. Added keys: ``img``, ``(height, width, C)`` as of
    :meth:`.EncodedImage.decode`; ``img_shape``, ``flip`` and ``flip_direction``.

    Args:
        scale: Height and width of the output in pixels, or one number for both.
        crop_ratio_range: Area of the crop over the area of the image, drawn uniformly.
        aspect_ratio_range: Width over height of the crop, drawn log-uniformly.
        max_attempts: Draws before the largest centered crop with a valid aspect ratio is taken.
        flip_prob: Probability that left and right are exchanged.

    Raises:
        ValueError: If a range or probability is none.
        UnreadableImageError: If the image is damaged.
    """

    @check_types
    def __init__(
        self,
        scale: int | tuple[int, int],
        crop_ratio_range: tuple[float, float] = (0.08, 1.0),
        aspect_ratio_range: tuple[float, float] = (3 / 4, 4 / 3),
        max_attempts: int = 10,
        flip_prob: float = 0.0,
    ):
        if not 0 <= flip_prob <= 1:
            raise ValueError(f'flip_prob={flip_prob}, but a probability, 0 to 1, was expected.')
        check_at_least(1, max_attempts=max_attempts)
        if min(scale if isinstance(scale, Sequence) else (scale,)) < 1:
            raise ValueError(f'scale={scale}, but 1 pixel or more was expected.')
        if not 0 < crop_ratio_range[0] <= crop_ratio_range[1] <= 1:
            raise ValueError(
                f'crop_ratio_range={crop_ratio_range}, but two shares of an image, above 0 and at '
                'most 1, the smaller first, were expected.'
            )
        if not 0 < aspect_ratio_range[0] <= aspect_ratio_range[1]:
            raise ValueError(
                f'aspect_ratio_range={aspect_ratio_range}, but two numbers above 0, the smaller '
                'first, were expected.'
            )
        super().__init__(
            scale,
            crop_ratio_range,
            aspect_ratio_range,
            max_attempts,
            interpolation='bicubic',
            backend='pillow',
        )
        self.flip_prob = flip_prob

    def transform(self, results: dict) -> dict:
        """Add the crop. See the class for keys and errors."""
        image = results.pop('encoded_img')
        box = self.rand_crop_params(SimpleNamespace(shape=image.shape))
        pixels = resize_bicubic(self._decode(image, box), self.scale)
        results['flip'] = np.random.random() < self.flip_prob
        results['flip_direction'] = 'horizontal' if results['flip'] else None
        results['img'] = _flip(pixels) if results['flip'] else pixels
        results['img_shape'] = pixels.shape[:2]
        return results

    def _decode(self, image: EncodedImage, box: tuple[int, int, int, int]) -> np.ndarray:
        """Decode the pixels ``(h, w, C)`` of a box ``(y, x, height, width)``."""
        spare = min(side / wanted for side, wanted in zip(box[2:], self.scale, strict=True))
        pixels, shrink = image.decode(max((n for n in (2, 4, 8) if n <= spare), default=1))
        top, left = (round(start / shrink) for start in box[:2])
        bottom, right = (
            round((start + length) / shrink) for start, length in zip(box[:2], box[2:], strict=True)
        )
        return pixels[top:bottom, left:right]


def _flip(pixels: np.ndarray) -> np.ndarray:
    """Exchange left and right of ``(h, w, C)``, laid out channel by channel before and after."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[..., ::-1]).transpose(1, 2, 0)
