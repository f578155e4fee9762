"""Reading a whole image file with the limits and formats of pre-training."""

import mmcv.transforms
import numpy as np

from mmcnx2.checks import check_types
from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import MAX_BYTES, MAX_PIXELS, check_limits
from mmcnx2.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImageFromFile(mmcv.transforms.LoadImageFromFile):
    """mmcv's transform of that name, reading as :class:`mmcnx2.LoadEncodedImage` does.

    Pixels are the same, BGR, uint8 ``(h, w, 3)``, upright. HEIC is read, too; what is no regular
    file, or larger than the limits, is refused before memory is taken for it.

    Required key: ``img_path``. Added keys: ``img``, ``img_shape``, ``ori_shape``.

    Args:
        max_pixels: A picture that has more, by its header, is unreadable.
        max_bytes: A larger file is unreadable.
        to_float32: Whether pixels become float32.
        backend_args: mmengine's file back end, for paths that are no local files.

    Raises:
        UnreadableImageError: If the file holds no image, a damaged one, or one over a limit.
        OSError: If the file cannot be read.
        ValueError: If a limit is none, or OpenCV's is lower.
    """

    @check_types
    def __init__(
        self,
        *,
        max_pixels: int = MAX_PIXELS,
        max_bytes: int = MAX_BYTES,
        to_float32: bool = False,
        backend_args: dict | None = None,
    ):
        check_limits(max_pixels, max_bytes)
        super().__init__(to_float32=to_float32, backend_args=backend_args)
        self.max_pixels, self.max_bytes = max_pixels, max_bytes

    def transform(self, results: dict) -> dict:
        """Add the pixels. See the class for keys and errors."""
        data = read_image_file(
            results['img_path'], max_bytes=self.max_bytes, backend_args=self.backend_args
        )
        pixels, _ = EncodedImage(data, max_pixels=self.max_pixels).decode()
        pixels = np.ascontiguousarray(pixels, np.float32 if self.to_float32 else None)
        results['img'] = pixels
        results['img_shape'] = results['ori_shape'] = pixels.shape[:2]
        return results
