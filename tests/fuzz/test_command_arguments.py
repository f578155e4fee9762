"""Whatever a command is told: one sentence, status 2, and nothing is written."""

from inspect import Parameter, signature

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mmcnx2.apis.calls import reader_of
from mmcnx2.apis.commands import COMMANDS, find
from mmcnx2.cli import main

WITHOUT_INPUT = ('models', 'doctor')  # nothing that could be missing
OPTIONS = [
    (command, parameter)
    for command in COMMANDS
    if command not in WITHOUT_INPUT
    for parameter in signature(find(command)).parameters.values()
]
WORDS = st.one_of(
    st.sampled_from(['', ' ', 'nan', 'inf', '-inf', '1e400', '-1', '0', '0.5', '10' * 40, 'None']),
    st.sampled_from(['x' * 5000, 'a\0b', '\udcff', '~nobody/x', '--', '-', 'true', 'cuda:99']),
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
)


def needed(command: str) -> list[str]:
    """Return words for what a command must be told; none of it is there."""
    words = [command]
    for name, parameter in signature(find(command)).parameters.items():
        if parameter.default is not Parameter.empty:
            continue
        if parameter.kind is Parameter.KEYWORD_ONLY:
            words += [f'--{option(name)}', 'nowhere/out.pth']
        else:
            words.append('nowhere/in')
    return words


def option(name: str) -> str:
    return name.strip('_').replace('_', '-')


@pytest.mark.parametrize(
    ('command', 'parameter'), OPTIONS, ids=lambda value: getattr(value, 'name', value)
)
@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(word=WORDS)
@example(word='nowhere')
def test_nonsense_is_refused_and_leaves_no_trace(
    command, parameter, word, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    words = [*needed(command), f'--{option(parameter.name)}={word}']
    if parameter.annotation is bool:
        words[-1] = f'--{option(parameter.name)}'
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith('error: ') and err.count('\n') == 1, err
    assert not list(tmp_path.iterdir())


def test_every_value_has_a_reader_or_is_one_of_some():
    """Nothing reaches a command unread: a number has a range, a path is one."""
    for command in COMMANDS:
        for parameter in signature(find(command)).parameters.values():
            plain = parameter.annotation is bool or 'Literal' in str(parameter.annotation)
            assert reader_of(parameter.annotation) or plain or parameter.name == 'set', (
                command,
                parameter.name,
            )
