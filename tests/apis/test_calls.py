"""A call reads its values as the command line does, and is documented once."""

from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Annotated

import pytest

from mmcnx2 import arguments
from mmcnx2.apis.calls import CallError, call, read_mapping


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What several calls take.

    Args:
        out: Where to, which may
            take two lines.
        epochs: How long.
    """

    out: Annotated[str, arguments.location]
    epochs: Annotated[int | None, arguments.epochs] = None


@call
def train(images: Annotated[str, arguments.location], *, options: Shared, quick: bool = False):
    """Train.

    Args:
        images: What on.
        options: See Shared.
        quick: Whether to hurry.
    """
    return images, options, quick


def test_shared_options_are_parameters_of_the_call():
    assert list(signature(train).parameters) == ['images', 'out', 'quick', 'epochs']
    assert train('a', out='b', epochs=3) == ('a', Shared(out='b', epochs=3), False)


def test_their_descriptions_stand_where_the_group_stood():
    assert train.__doc__.partition('Args:\n')[2] == (
        '    images: What on.\n'
        '    out: Where to, which may\n'
        '        take two lines.\n'
        '    epochs: How long.\n'
        '    quick: Whether to hurry.'
    )


@pytest.mark.parametrize('epochs', [3, '3'])
def test_texts_and_numbers_are_read_alike(epochs):
    assert train(Path('a'), out='b', epochs=epochs)[:2] == ('a', Shared(out='b', epochs=3))


@pytest.mark.parametrize('epochs', [0, 3.5, True, 'many', float('nan'), -1])
def test_what_does_not_fit_is_refused_by_name(epochs):
    with pytest.raises(CallError, match='epochs is .* but a whole number from 1 to'):
        train('a', out='b', epochs=epochs)


def test_a_parameter_that_is_not_there_is_an_error():
    with pytest.raises(TypeError, match='epoch'):
        train('a', out='b', epoch=3)


def test_settings_come_as_texts_or_as_a_mapping():
    assert read_mapping('set', ['a.b=1', 'c=x']) == {'a.b': 1, 'c': 'x'}
    assert read_mapping('set', {'a.b': [1]}) == {'a.b': [1]}
    with pytest.raises(CallError, match="set is 'a', but KEY=VALUE"):
        read_mapping('set', ['a'])


@call
def several(*, shares: Annotated[list[float], arguments.percent] = ('50%',)):
    """Take some.

    Args:
        shares: Which.
    """
    return shares


def test_of_a_list_each_item_is_read():
    assert several() == [0.5]
    assert several(shares=['10%', 0.2, 1]) == [0.1, 0.2, 1.0]
    assert several(shares='10%') == [0.1]
    with pytest.raises(CallError, match="shares is '0', but a share such as 10% or 0.1"):
        several(shares=['10%', 0])
