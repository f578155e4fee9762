"""Whether two data sets mean the same by a label."""

from collections.abc import Sequence

from mmcnx2.first_few import first_few


def check_classes(
    ours: Sequence[str] | None,
    theirs: Sequence[str] | None,
    *,
    names: tuple[str, str],
    mend: str = 'give both the same class folders',
) -> None:
    """Refuse two lists of classes by which one label would mean two things.

    Args:
        ours: Names by label, the first for 0.
        theirs: Those of the other side.
        names: What the two sides are called, the first as a plural.
        mend: What to do about it.

    Raises:
        ValueError: The names or their order differ.
    """
    ours, theirs = tuple(ours or ()), tuple(theirs or ())
    if ours == theirs:
        return
    counts = f'{names[0]} have {len(ours)} classes, {names[1]} {len(theirs)}'
    if only := sorted(set(ours) ^ set(theirs)):
        raise ValueError(f'{counts}, and one side alone has {first_few(only, 5)}: {mend}.')
    first = next(i for i, pair in enumerate(zip(ours, theirs, strict=True)) if len(set(pair)) > 1)
    raise ValueError(
        f'{counts}, in another order (label {first} is {ours[first]} and {theirs[first]}): {mend}.'
    )
