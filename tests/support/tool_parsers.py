"""The tools' parsers, for tests that look at command lines without running what they start."""

import argparse
import functools
import runpy
import sys

import pytest

from tests.support.command_line import ROOT


class Found(Exception):
    """Carries a tool's parser out of it."""


@functools.cache
def parser_of(name: str) -> argparse.ArgumentParser:
    """Return the parser that a tool is about to use."""

    def stop(parser, *_):
        raise Found(parser)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(argparse.ArgumentParser, 'parse_args', stop)
        patched.setattr(sys, 'path', [str((ROOT / 'tools' / name).parent), *sys.path])
        patched.setattr(sys, 'argv', [name])
        with pytest.raises(Found) as found:
            runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')
    return found.value.args[0]
