"""A number that is none, on any tool's command line, is told by the name of its option."""

import argparse
import runpy
import sys

import pytest

from tests.support.command_line import ROOT

TOOLS = sorted(
    path.relative_to(ROOT / 'tools').as_posix()
    for path in (ROOT / 'tools').rglob('*.py')
    if 'ArgumentParser(' in path.read_text()
)


class Found(Exception):
    """Carries a tool's parser out of it."""


def parser_of(name: str, monkeypatch) -> argparse.ArgumentParser:
    """Return the parser that a tool is about to use."""

    def stop(parser, *_):
        raise Found(parser)

    with monkeypatch.context() as patched:
        patched.setattr(argparse.ArgumentParser, 'parse_args', stop)
        patched.setattr(sys, 'path', [str((ROOT / 'tools' / name).parent), *sys.path])
        patched.setattr(sys, 'argv', [name])
        with pytest.raises(Found) as found:
            runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')
    return found.value.args[0]


def test_there_are_tools():
    assert len(TOOLS) > 15


@pytest.mark.parametrize('name', TOOLS)
def test_numbers_are_checked_and_help_is_there(name, monkeypatch, capsys):
    parser = parser_of(name, monkeypatch)
    assert parser.description and 'usage' in parser.format_help()
    for action in parser._actions:
        if action.type not in (int, float) or not action.option_strings:
            continue
        option = action.option_strings[-1]
        needed = [word for other in parser._actions for word in required(other)]
        values = ['nonsense'] * (action.nargs if isinstance(action.nargs, int) else 1)
        with pytest.raises(SystemExit) as refusal:
            parser.parse_args([*needed, option, *values])
        assert refusal.value.code == 2
        last = capsys.readouterr().err.strip().splitlines()[-1]
        assert 'error: argument' in last and option in last and "'nonsense'" in last, last


def required(action: argparse.Action) -> list[str]:
    """Return words that satisfy an argument that must be there."""
    value = str(next(iter(action.choices))) if action.choices else '1'
    if not action.option_strings:
        return [] if action.nargs in ('?', '*') else [value]
    return [action.option_strings[0], value] if action.required else []
