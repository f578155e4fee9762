"""The types of the tools' arguments: their edges, their sentences, and that they import nothing."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmcnx2 import arguments


def refusal(kind, text: str) -> str:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        kind(text)
    return str(refused.value)


@given(st.integers(), st.integers(-50, 50), st.integers(0, 50))
def test_a_whole_number_is_taken_from_its_range_alone(value, low, width):
    kind = arguments.whole(low, low + width)
    if low <= value <= low + width:
        assert kind(str(value)) == value
    else:
        said = refusal(kind, str(value))
        assert f'a whole number from {low} to {low + width} is expected.' in said


def test_a_number_outside_may_mean_something_of_its_own():
    kind = arguments.whole(1, 3, also=[-1])
    assert kind('-1') == -1
    assert refusal(kind, '0') == "'0', but a whole number from 1 to 3, or -1 is expected."


@given(st.floats())
def test_a_number_is_finite_and_of_its_range(value):
    kind = arguments.number(0, 1, above=True)
    if 0 < value <= 1:
        assert kind(repr(value)) == value
    else:
        assert refusal(kind, repr(value)).endswith('a number above 0 and up to 1 is expected.')


@pytest.mark.parametrize('text', ['nan', 'inf', '-inf', '1e400', '', 'one'])
def test_no_number_type_takes_what_is_not_finite(text):
    for kind in (arguments.share, arguments.inside, arguments.positive, arguments.not_negative):
        assert 'is expected' in refusal(kind, text)


def test_a_large_count_has_a_unit():
    values = {'1281167': 1281167, '14M': 14 * 10**6, '1.5k': 1500, '1B': 10**9}
    assert {text: arguments.large_count(text) for text in values} == values
    for text in ('M', '0', '-1M', 'nanM', '1e30', ''):
        assert 'such as 1281167 or 14M' in refusal(arguments.large_count, text)


def test_an_empty_path_is_not_the_current_folder():
    assert arguments.path('a/b') == Path('a/b')
    assert refusal(arguments.path, '') == "'', but a path is expected."
    assert 'names of at most 255 bytes' in refusal(arguments.path, 'ä' * 128)


def test_an_ending_picks_the_format():
    assert arguments.weights('run/a.PTH') == Path('run/a.PTH')
    assert refusal(arguments.weights, 'a.png').endswith(
        'a file name that ends in .pth or .pt or .bin or .safetensors is expected.'
    )


def test_a_huge_value_is_not_repeated_in_full():
    assert len(refusal(arguments.count, '9' * 10**4)) < 200


def test_importing_them_imports_neither_torch_nor_mmengine():
    code = (
        'import sys, mmcnx2.arguments, mmcnx2.outputs, mmcnx2.shared_options; '
        "print({'torch', 'mmengine', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout == 'set()\n', done.stderr


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv('HOME', '/home/ada')
    assert arguments.location('~/w.pth') == '/home/ada/w.pth'
    assert arguments.path('~') == Path('/home/ada')
    assert arguments.location('https://host/~ada/w.pth') == 'https://host/~ada/w.pth'


def test_a_share_may_be_written_in_percent():
    assert [arguments.percent(text) for text in ('10%', '0.1', '100%', '1')] == [0.1, 0.1, 1, 1]
    for wrong in ('0%', '10', '101%', '%', '-1%', 'nan', 'inf%', '1%%'):
        assert 'but a share such as 10% or 0.1, up to 100%, is expected.' in refusal(
            arguments.percent, wrong
        )
