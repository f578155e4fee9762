"""One thing that is wrong with the stack, in words a person can act on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What a check found.

    Attributes:
        what: One sentence: what is wrong and what it breaks.
        mend: The command that mends it.
        fatal: Whether training would fail.
    """

    what: str
    mend: str
    fatal: bool = True
