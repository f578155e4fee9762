"""OpenCV without its warnings: of a GeoTIFF it writes a line for each tag that it does not know."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def without_opencv_warnings() -> Iterator[None]:
    """Have OpenCV write errors alone; what it cannot decode is said by whoever asked for it."""
    log = cv2.utils.logging
    level = log.getLogLevel()
    log.setLogLevel(min(level, log.LOG_LEVEL_ERROR))
    try:
        yield
    finally:
        log.setLogLevel(level)
