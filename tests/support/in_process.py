"""The tools run in the process of the test, where everything is imported already."""

import contextlib
import io
import runpy
import sys
from unittest.mock import patch

import pytest

from tests.support.command_line import ROOT


def run(name: str, *arguments) -> str:
    """Run a tool in the current folder, and return what it said."""
    said = io.StringIO()
    argv = [name, *map(str, arguments)]
    with patch.object(sys, 'argv', argv), contextlib.redirect_stdout(said):
        runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')
    return said.getvalue()


def refusal(name: str, *arguments) -> str:
    """Run a tool that must end with an error, and return its sentence."""
    with pytest.raises(SystemExit) as ended:
        run(name, *arguments)
    assert str(ended.value).startswith('error: '), ended.value
    return str(ended.value)
