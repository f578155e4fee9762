"""Reading a whole image file with the limits and formats of pre-training."""

from collections.abc import Sequence

import mmcv.transforms
import numpy as np

from mmcnx2.checks import check_types
from mmcnx2.datasets.image_limits import MAX_BYTES, MAX_PIXELS
from mmcnx2.datasets.reading import ImageReader
from mmcnx2.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImageFromFile(mmcv.transforms.LoadImageFromFile):
    """mmcv's transform of that name, reading as :class:`mmcnx2.LoadEncodedImage` does.

    Pictures of 8 bits are the same, BGR, uint8 ``(h, w, 3)``, upright. What mmcv scales to 8 bits
    or cuts to three channels comes as it is, ``(h, w, C)`` of its own dtype, and more formats are
    read; what is no regular file, or larger than the limits, is refused before memory is taken for
    it.

    Required key: ``img_path``. Added keys: ``img``, ``img_shape``, ``ori_shape``.

    Args:
        max_pixels: A picture that has more, by its header, is unreadable.
        max_bytes: A larger file is unreadable.
        to_float32: Whether pixels become float32.
        backend_args: mmengine's file back end, for paths that are no local files.
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
        UnreadableImageError: If the file holds no image, a damaged one, or one over a limit.
        OSError: If the file cannot be read.
        ValueError: If a limit is none, OpenCV's is lower, or an option cannot be.
    """

    @check_types
    def __init__(
        self,
        *,
        max_pixels: int = MAX_PIXELS,
        max_bytes: int = MAX_BYTES,
        to_float32: bool = False,
        backend_args: dict | None = None,
        bands: Sequence[int] | None = None,
        window: bool | Sequence[float] | None = None,
        key: str | None = None,
        nodata: float | None = None,
        fill: Sequence[float] | None = None,
    ):
        super().__init__(to_float32=to_float32, backend_args=backend_args)
        self.reader = ImageReader(
            backend_args=backend_args, max_pixels=max_pixels, max_bytes=max_bytes,
            bands=bands, window=window, key=key, nodata=nodata, fill=fill,
        )  # fmt: skip

    def transform(self, results: dict) -> dict:
        """Add the pixels. See the class for keys and errors."""
        pixels, _ = self.reader.read(results['img_path']).decode()
        pixels = np.ascontiguousarray(pixels, np.float32 if self.to_float32 else None)
        results['img'] = pixels
        results['img_shape'] = results['ori_shape'] = pixels.shape[:2]
        return results
