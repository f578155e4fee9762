"""Many names in a sentence: the first few, then how many more."""

from collections.abc import Sequence


def first_few(names: Sequence, count: int = 3) -> str:
    """Return such as 'a, b, c and 9 more'.

    Args:
        names: Anything that ``str`` takes.
        count: So many are named at most.
    """
    more = f' and {len(names) - count} more' if len(names) > count else ''
    return ', '.join(map(str, names[:count])) + more
