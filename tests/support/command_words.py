"""Whether a line of shell is one that its program takes: parsed as the program does, not run."""

import re
import shlex
from argparse import Namespace
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from inspect import signature

from cyclopts import CycloptsError
from packaging.requirements import Requirement
from torch.distributed.run import get_args_parser

from mmcnx2.apis.calls import read
from mmcnx2.apis.commands import COMMANDS, find
from mmcnx2.cli import application
from mmcnx2.engine.config_keys import check_given_keys
from tests.support.command_line import ROOT, TOOLS
from tests.support.configs import CONFIGS, read_config
from tests.support.tool_parsers import parser_of

COPIES = {
    'CONFIG': 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py',
    'configs/mask_rcnn/my_coco.py': (
        'mask_rcnn/mask-rcnn_convnextv2-atto-fcmae_fpn_1xb8-lsj-36e_folder.py'
    ),
    'configs/upernet/my_masks.py': (
        'upernet/upernet_convnextv2-atto-fcmae_1xb8-amp-20k_folder-512x512.py'
    ),
    'configs/convnext_v2/my_classes.py': (
        'convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py'
    ),
}
"""Configs that the reader makes -> which of ours they copy."""

_ASSIGNMENT = re.compile(r'[A-Z_][A-Z0-9_]*=\S*')
_LAUNCHERS = {'tools/dist_train.sh': 'train.py', 'tools/dist_test.sh': 'test.py'}
_SET_BY_LAUNCHERS = dict(NODE_RANK='0')
_RUNS_ANOTHER = ('exec', 'env', 'bash', 'time')


class UnknownCommandError(ValueError):
    """Nothing here knows how the program of a line reads its words."""


def commands(script: str) -> Iterator[list[str]]:
    """Yield the words of each command in a piece of shell, its variables filled in.

    Args:
        script: Lines; comments, continued lines and ``&&`` are understood, and no more than that.
    """
    variables = dict(_SET_BY_LAUNCHERS)
    for line in script.replace('\\\n', ' ').splitlines():
        for name, value in variables.items():
            line = line.replace(f'${name}', value)
        lexer = shlex.shlex(line, posix=True, punctuation_chars='&|;')
        lexer.whitespace_split = True
        words = []
        for word in [*lexer, ';']:
            if set(word) <= set('&|;'):
                rest = list(words)
                while rest and _ASSIGNMENT.fullmatch(rest[0]):
                    rest.pop(0)
                if rest:
                    yield rest
                else:
                    variables.update(assigned.split('=', 1) for assigned in words)
                words = []
            else:
                words.append(word)


def check(words: Sequence[str]) -> None:
    """Refuse a command that its program would not understand.

    Raises:
        UnknownCommandError: The program is none of those that are known here.
        ValueError, AssertionError, SystemExit: What is wrong.
    """
    program, *rest = words
    if program in _RUNS_ANOTHER:
        check(rest)
    elif program == 'mmcnx2':
        _check_command(rest)
    elif program == 'make':
        _check_make(rest)
    elif program == 'docker' and 'run' in rest:
        check(rest[rest.index('mmcnx2') :])  # what stands behind the image is the command's
    elif program.endswith('pip') and rest[0] == 'install':
        _check_pip(rest[1:])
    elif program == 'pytest':
        _check_pytest(rest)
    elif program in _LAUNCHERS:
        config, processes, *options = rest
        assert (ROOT / program).is_file() and int(processes) > 0
        _check_tool(_LAUNCHERS[program], [config, *options])
    elif program.endswith('python'):
        _check_python(rest)
    else:
        raise UnknownCommandError(program)


def _check_python(words: Sequence[str]) -> None:
    script, *rest = words
    if script == '-m' and rest[0] in ('pytest', 'pip'):
        check(rest)
    elif script == '-m':
        assert find_spec(rest[0]), f'there is no module {rest[0]}'
    elif script == 'tools/torchrun.py':
        told = get_args_parser().parse_args(rest)
        _check_python([told.training_script, *told.training_script_args])
    else:
        assert script.startswith('tools/'), script
        _check_tool(script.removeprefix('tools/'), rest)


def _check_tool(name: str, words: Sequence[str]) -> None:
    assert name in TOOLS, f'there is no tools/{name}'
    told = parser_of(name).parse_args(words)
    configs = [word for word in words if word in COPIES or word.startswith('configs/')]
    for config in configs:
        known = COPIES.get(config, config.removeprefix('configs/'))
        assert list(CONFIGS.glob(known)), f'there is no config {config}'
        if '*' not in known:
            _check_settings(known, told)


def _check_settings(config: str, told: Namespace) -> None:
    """Refuse keys of ``--cfg-options`` and ``--sweep`` that the config does not know."""
    settings = dict(getattr(told, 'cfg_options', None) or {})
    settings |= {text.partition('=')[0]: 1 for text in getattr(told, 'sweep', ()) or ()}
    check_given_keys(read_config(config), settings)


def _check_command(words: Sequence[str]) -> None:
    """Read the words as the command does, and leave it at that; its name alone names it."""
    asked = ('--help', '--version', '--install-completion')
    if len(words) == 1 or any(word in asked for word in words):
        assert words[0] in (*asked, *COMMANDS), f'there is no command {words[0]}'
        return
    try:
        _, bound, _ = application().parse_args([word for word in words if word != '--debug'])
    except CycloptsError as error:
        raise ValueError(str(error)) from None
    parameters = signature(find(words[0])).parameters
    for name, value in bound.arguments.items():
        read(name, value, parameters[name].annotation)


def _check_make(words: Sequence[str]) -> None:
    targets = re.findall(r'^([\w-]+):', (ROOT / 'Makefile').read_text(), re.MULTILINE)
    for word in words:
        assert _ASSIGNMENT.match(word) or word in targets, f'make {word}'


def _check_pip(words: Sequence[str]) -> None:
    """Refuse requirements that are none, and extras that the package does not have."""
    takes_value = False
    for word in words:
        if takes_value or word.startswith('-'):
            takes_value = word in ('-r', '--config-settings')
            continue
        if word.startswith('.'):
            word = f'mmcnx2{word[1:]}'
        wanted = Requirement(word)
        if wanted.name == 'mmcnx2':
            known = re.findall(r"^    '([\w-]+)': ", (ROOT / 'setup.py').read_text(), re.MULTILINE)
            assert wanted.extras <= {*known, 'all'}, f'{word}: the extras are {known} and all'


def _check_pytest(words: Sequence[str]) -> None:
    for word in words:
        assert not word.startswith('tests') or (ROOT / word.partition('::')[0]).exists(), word
