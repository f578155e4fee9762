"""The command ``mmcnx2``: every function of :mod:`mmcnx2.apis.commands` from a shell.

Names, types, defaults and descriptions are those of the functions; nothing is said twice.
"""

import logging
import sys
import warnings
from collections.abc import Sequence
from inspect import Parameter as Argument
from inspect import Signature, signature
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

import mmcnx2
from mmcnx2.apis.calls import CallError, plain_type, reader_of, takes_several
from mmcnx2.apis.commands import COMMANDS, TRAINING, find
from mmcnx2.paths import printable
from mmcnx2.processes.signals import leave_when_told

REFUSED = 2
"""Status after a command that was not understood or could not be begun."""


def main(words: Sequence[str] | None = None) -> None:
    """Do what the words of a command line say.

    Args:
        words: Behind the program's name; None for this process's.

    Raises:
        SystemExit: With 0; with 2 after one sentence, if nothing was begun; else as the training
            ends.
    """
    words = sys.argv[1:] if words is None else list(words)
    # Before the imports of a command, which take their time.
    leave_when_told(*([] if words and words[0] in TRAINING else ['before it was done']))
    debug = '--debug' in words
    if not debug:
        warnings.simplefilter('ignore')  # of the toolboxes, to those who write code
        logging.raiseExceptions = False  # a log that a full disk does not take: the run tells
    try:
        application()([word for word in words if word != '--debug'])
    except CycloptsError as error:
        _refuse(' '.join(str(error).split()))
    except CallError as error:
        _refuse(f'--{error.name.strip("_").replace("_", "-")} {error.reason}', debug)
    except SystemExit as end:
        _end(end)
    except ModuleNotFoundError as error:
        _refuse(f"{error.name} is not installed: pip install 'mmcnx2[all]'.", debug)
    except (ImportError, OSError, ValueError) as error:
        _refuse(str(error), debug)


def application() -> App:
    """Return the program with all its commands."""
    app = App(
        name='mmcnx2',
        help='ConvNeXt V2 and FCMAE: pre-train on your images, then classify, detect, segment.',
        version=f'mmcnx2 {mmcnx2.__version__}',
        help_format='markdown',
        default_parameter=Parameter(negative=(), show_default=False),
        exit_on_error=False,
        print_error=False,
        result_action='return_none',
    )
    for place, name in enumerate(COMMANDS):
        app.command(_told_by_words(find(name)), name=name, sort_key=place)
    app.register_install_completion_command(add_to_startup=False)
    return app


def _told_by_words(function):
    """Return a function that hands words to a call, which reads them itself."""
    parameters = [_as_words(each) for each in signature(function).parameters.values()]

    def told(*args, **kwargs):
        function(*args, **kwargs)

    told.__name__, told.__doc__ = function.__name__, function.__doc__
    told.__signature__ = Signature(parameters)
    told.__annotations__ = {each.name: each.annotation for each in parameters}
    return told


def _as_words(parameter: Argument) -> Argument:
    """Leave a value that the call reads itself as the word that it is."""
    kind = plain_type(parameter.annotation)
    if parameter.name == 'set':
        kind = list[str] | None
    if reader_of(parameter.annotation) is None:
        return parameter.replace(annotation=kind)
    if takes_several(parameter.annotation):
        words = Parameter(consume_multiple=True)  # up to the next option
        return parameter.replace(annotation=Annotated[list[str], words])
    word = Parameter(converter=lambda _, tokens: tokens[0].value)
    return parameter.replace(annotation=Annotated[kind, word])


def _end(end: SystemExit) -> None:
    """Leave a status as it is; say a sentence, whose status tells whether training had begun."""
    if not isinstance(end.code, str):
        raise end
    from mmcnx2.engine.training import NotBegun

    print(end.code, file=sys.stderr)
    raise SystemExit(REFUSED if isinstance(end, NotBegun) else 1)


def _refuse(sentence: str, debug: bool = False) -> None:
    if debug:
        raise
    print(printable(f'error: {sentence}'), file=sys.stderr)
    raise SystemExit(REFUSED)
