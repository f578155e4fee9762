"""OpenCV without its warnings: of a GeoTIFF it writes a line for each tag that it does not know."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import cv2

# The level is one of the whole process, whose threads may all be reading: the first one lowers it,
# the last one restores it.
_lock, _before = Lock(), []


@contextmanager
def without_opencv_warnings() -> Iterator[None]:
    """Have OpenCV write errors alone; what it cannot decode is said by whoever asked for it."""
    log = cv2.utils.logging
    with _lock:
        _before.append(log.getLogLevel())
        log.setLogLevel(min(_before[0], log.LOG_LEVEL_ERROR))
    try:
        yield
    finally:
        with _lock:
            first = _before[0]
            _before.pop()
            if not _before:
                log.setLogLevel(first)
