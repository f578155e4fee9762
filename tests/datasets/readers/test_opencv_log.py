"""OpenCV's warnings are off as long as anybody reads, in any thread, and on again afterwards."""

import cv2
import pytest

from mmcnx2.datasets.readers.opencv_log import without_opencv_warnings

log = cv2.utils.logging


@pytest.fixture(autouse=True)
def warnings():
    before = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_WARNING)
    yield
    log.setLogLevel(before)


def test_blocks_of_several_threads_may_end_in_any_order():
    first, second = without_opencv_warnings(), without_opencv_warnings()
    first.__enter__()
    second.__enter__()
    assert log.getLogLevel() == log.LOG_LEVEL_ERROR
    first.__exit__(None, None, None)
    assert log.getLogLevel() == log.LOG_LEVEL_ERROR
    second.__exit__(None, None, None)
    assert log.getLogLevel() == log.LOG_LEVEL_WARNING


def test_a_quieter_level_stays():
    log.setLogLevel(log.LOG_LEVEL_SILENT)
    with without_opencv_warnings():
        assert log.getLogLevel() == log.LOG_LEVEL_SILENT
    assert log.getLogLevel() == log.LOG_LEVEL_SILENT
