"""The command: one source with the calls, help at once, one sentence for what is wrong."""

import re
import subprocess
import sys
from inspect import signature

import pytest

import mmcnx2
from mmcnx2.apis.commands import COMMANDS, find
from mmcnx2.cli import application, main


def said(capsys, *words: str) -> tuple[int, str, str]:
    """Return status, output and complaints of a command line."""
    code = 0
    try:
        main(words)
    except SystemExit as ended:
        code = ended.code
    out, err = capsys.readouterr()
    return code, re.sub(r'[│╭╮╰╯─]|\s+', ' ', out), err


@pytest.mark.parametrize('name', COMMANDS)
def test_help_shows_an_example_and_every_parameter(name, capsys):
    code, out, _ = said(capsys, name, '--help')
    assert code == 0
    assert f'For example: mmcnx2 {name}' in out
    for parameter in signature(find(name)).parameters.values():
        option = parameter.name.strip('_').replace('_', '-')
        assert f'--{option} ' in out or f' {option.upper()} ' in out, parameter.name


@pytest.mark.parametrize('name', COMMANDS)
def test_every_parameter_is_described(name):
    function = find(name)
    for parameter in signature(function).parameters:
        assert re.search(rf'^    {parameter}: \w', function.__doc__, re.MULTILINE), parameter


def test_the_commands_stand_in_the_order_in_which_they_are_met(capsys):
    _, out, _ = said(capsys, '--help')
    places = [out.index(f' {name} ') for name in COMMANDS]
    assert places == sorted(places)


def test_the_version_is_the_packages(capsys):
    assert said(capsys, '--version')[1].strip() == f'mmcnx2 {mmcnx2.__version__}'


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (['pretrian'], 'Unknown command "pretrian". Did you mean "pretrain"?'),
        (['pretrain', 'a', '--out', 'b', '--epoch', '3'], 'Unknown option: --epoch. Did you mean'),
        (['pretrain', 'a'], 'Command "pretrain" parameter --out requires an argument.'),
        (['pretrain', 'a', '--out', 'b', '--epochs', '3.5'], "--epochs is '3.5', but a whole num"),
        (['pretrain', 'a', '--out', 'b', '--mask-ratio', '1'], "--mask-ratio is '1', but a number"),
        (['pretrain', 'a', '--out', 'b', '--model', 'nona'], 'Invalid value "nona" for --model.'),
        (['pretrain', 'a', '--out', 'b', '--set', 'a'], "--set is 'a', but KEY=VALUE"),
        (['pretrain', 'nowhere', '--out', 'b'], "image folder 'nowhere' does not exist"),
        (['pretrain', 'a', '--out', 'b', '--gpus', '99'], '--gpus is 99, but this machine has'),
        (['test', 'nowhere'], "'nowhere' does not exist: give what stood behind --out"),
    ],
)
def test_what_is_wrong_ends_in_one_sentence_and_2(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = said(capsys, *words)
    assert code == 2
    assert err.startswith(f'error: {sentence}') and err.count('\n') == 1
    assert not list(tmp_path.iterdir()), 'something was begun'


def test_debug_shows_where_it_was_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="'nowhere'"):
        main(['pretrain', 'nowhere', '--out', 'b', '--debug'])


def test_what_is_not_installed_is_said_with_the_command(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'mmcnx2.analysis.probing', None)
    monkeypatch.chdir(tmp_path)
    code, _, err = said(capsys, 'probe', 'nowhere', '--from', 'nowhere.pth')
    assert code == 2
    assert err == "error: mmcnx2.analysis.probing is not installed: pip install 'mmcnx2[all]'.\n"


def test_help_imports_nothing_heavy():
    """Torch and the toolboxes take seconds; what is asked for is an answer."""
    code = 'import sys\nfrom mmcnx2.cli import main\n'
    code += 'try: main(["pretrain", "--help"])\nexcept SystemExit: pass\n'
    code += 'print(sorted({name.partition(".")[0] for name in sys.modules}))'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    modules = done.stdout.splitlines()[-1]
    for heavy in ('torch', 'mmengine', 'numpy', 'cv2'):
        assert repr(heavy) not in modules


def test_completion_knows_the_commands():
    script = application().generate_completion(shell='bash')
    assert all(name in script for name in COMMANDS)
