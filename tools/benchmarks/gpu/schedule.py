"""One part after another, as long as the time lasts. Needs nothing but Python."""

import time
from collections.abc import Callable, Iterable, Iterator

from gpu.parts import Part
from gpu.report import Report
from gpu.row import Row


def follow(
    parts: Iterable[Part],
    report: Report,
    rows: Callable[[Part, float], Iterator[Row]],
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Look at parts in their order, and name those that cannot be looked at.

    Args:
        parts: What to look at.
        report: Takes in every row.
        rows: Looks at a part, within the seconds that are left.
        seconds: For all of them. A part that needs more than are left is left out, and a shorter
            one behind it may still be looked at.
        clock: Seconds.
    """
    end = clock() + seconds
    for part in parts:
        left = end - clock()
        if part.lacking:
            why = f'{" and ".join(part.lacking)} missing'
        elif left < part.seconds:
            why = f'{left:.0f} s are left, about {part.seconds} are needed'
        else:
            for row in rows(part, left):
                report.add(part.name, row)
            continue
        report.add(part.name, Row(part.name, dict(why=why), 'left out'))
