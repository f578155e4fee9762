"""The shipped tools, run within this process: a command that has one does what the tool does."""

import runpy
import sys
from collections.abc import Mapping
from typing import Any

from mmcnx2.paths import shipped


class ToolError(ValueError):
    """What a tool refuses, in its sentence."""


def run_tool(name: str, *words: object, **options: Any) -> None:
    """Run a tool as its command line would.

    Args:
        name: Its path below ``tools``.
        words: Its arguments.
        options: Its options, such as ``out_dir='x'`` for ``--out-dir x``. None and False are left
            out, True stands alone.

    Raises:
        ToolError: It ends with a sentence.
        SystemExit: It ends with a status that tells of a failure.
    """
    tool = str(shipped(f'tools/{name}'))
    argv, sys.argv = sys.argv, [tool, *map(str, words), *_as_words(options)]
    try:
        runpy.run_path(tool, run_name='__main__')
    except SystemExit as end:
        if isinstance(end.code, str):
            raise ToolError(end.code.removeprefix('error: ')) from None
        if end.code:
            raise
    finally:
        sys.argv = argv


def _as_words(options: Mapping[str, Any]) -> list[str]:
    words = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        words.append('--' + name.strip('_').replace('_', '-'))
        if value is not True:
            words += map(str, value if isinstance(value, list | tuple) else [value])
    return words
