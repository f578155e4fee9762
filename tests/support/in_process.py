"""The tools run in the process of the test, where everything is imported already."""

import contextlib
import io
import runpy
import signal
import sys
from unittest.mock import patch

import pytest

from mmcnx2.processes.signals import TOLD_BY
from tests.support.command_line import ROOT

NUMBERS = [getattr(signal, name) for name in TOLD_BY]


def run(name: str, *arguments) -> str:
    """Run a tool in the current folder, and return what it said."""
    said = io.StringIO()
    argv = [name, *map(str, arguments)]
    handlers = {number: signal.getsignal(number) for number in NUMBERS}
    try:
        with patch.object(sys, 'argv', argv), contextlib.redirect_stdout(said):
            runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return said.getvalue()


def refusal(name: str, *arguments) -> str:
    """Run a tool that must end with an error, and return its sentence."""
    with pytest.raises(SystemExit) as ended:
        run(name, *arguments)
    assert str(ended.value).startswith('error: '), ended.value
    return str(ended.value)
