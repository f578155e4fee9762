"""One line of what is found. Needs nothing but Python."""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One line.

    Attributes:
        what: What was looked at.
        values: Numbers and words by name, units in the names.
        verdict: 'ok', 'WRONG' or 'FAILED' where something was proved or could not be run, 'left
            out', or empty for a measurement.
        measures: Numbers that a target of :mod:`gpu.targets` is about, by its name there.
    """

    what: str
    values: dict[str, float | int | str] = field(default_factory=dict)
    verdict: str = ''
    measures: dict[str, float] = field(default_factory=dict)


def failed(what: str, error: BaseException) -> Row:
    """Return the row of what could not be run, with where it ended."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = ''.join(f'{frame.filename.rpartition("/")[2]}:{frame.lineno}' for frame in last)
    said = ' '.join(f'{type(error).__name__}: {error}'.split())
    return Row(what, dict(error=said[:300], at=where), 'FAILED')


def guarded(what: str, rows: Callable[[], Iterator[Row]]) -> Iterator[Row]:
    """Yield rows, and in place of an error one that names it.

    Args:
        what: What the rows are about.
        rows: Makes them.
    """
    try:
        yield from rows()
    except Exception as error:
        yield failed(what, error)
