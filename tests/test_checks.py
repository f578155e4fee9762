"""Annotations and limits are held against what is given, before a function begins."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import ConfigDict

from mmcnx2.checks import check_at_least, check_choice, check_no_address, check_types

NAN, INFINITY = float('nan'), float('inf')


def taking(annotation) -> Callable:
    def function(value):
        return 'called'

    function.__annotations__['value'] = annotation
    return check_types(function)


@pytest.mark.parametrize(
    ('annotation', 'right', 'wrong'),
    [
        (int, [3, np.int64(3)], [True, 3.0, '3', None]),
        (float, [0.5, 3, np.float32(1)], [True, NAN, INFINITY, '0.5', None]),
        (bool, [True], [1, 0, None, 'True']),
        (str, [''], [b'', None, Path('a')]),
        (str | Path, ['a', Path('a')], [3]),
        (int | None, [None, 3], ['None']),
        (dict, [{}, ConfigDict(a=1)], [[], None]),
        (Mapping, [{}], [[]]),
        (Sequence[str], [[], ['a'], ('a', 'b')], ['ab', b'ab', ['a', 1], {'a'}]),
        (list[dict], [[{}]], [{}, [1]]),
        (tuple[float, float], [(0, 1), [0.5, 1]], [(0,), (0, 1, 2), (0, '1'), 0.5]),
        (tuple[int, ...], [(), (1, 2)], [(1, 'a')]),
        (Sequence, [[1, 'a']], ['ab', 3]),
        (int | Sequence[int], [3, [3]], ['3', [3.0]]),
        (Sequence[dict | Callable], [[{}, print]], [[3]]),
        (inspect.Parameter.empty, [3, None], []),
    ],
)
def test_types(annotation, right, wrong):
    function = taking(annotation)
    for value in right:
        assert function(value) == 'called'
    for value in wrong:
        with pytest.raises(TypeError, match=r'value=.*, but .+ is expected\.'):
            function(value)


def test_a_long_value_is_cut():
    with pytest.raises(TypeError) as refusal:
        taking(int)('x' * 10_000)
    assert len(str(refusal.value)) < 200


def test_the_signature_stays_and_other_arguments_pass():
    @check_types
    def function(first: int, *rest: int, option: str = 'a', **more: int):
        return first, rest, option, more

    assert list(inspect.signature(function).parameters) == ['first', 'rest', 'option', 'more']
    assert function(1, 'x', option='b', y='z') == (1, ('x',), 'b', {'y': 'z'})
    with pytest.raises(TypeError, match='first'):
        function()


def test_limits_and_names():
    check_at_least(1, a=1, b=None)
    with pytest.raises(ValueError, match='b=0, but 1 or more is expected'):
        check_at_least(1, a=1, b=0)
    check_choice(['x', 'y'], a='x')
    with pytest.raises(ValueError, match="a='z' is unknown: use one of x, y"):
        check_choice(['x', 'y'], a='z')


@pytest.mark.parametrize('address', ['https://host/images', 's3://bucket/a'])
def test_an_address_is_no_folder(address):
    check_no_address(data_root='data/images', work_dir=Path('a:/b'))
    with pytest.raises(ValueError, match=f"data_root='{address}' is an address, but a folder of"):
        check_no_address(data_root=address)
