"""What a conversion leaves out: counted by reason, and named by an example."""


class LeftOut:
    """Counts what cannot be converted.

    Attributes:
        reasons: Reason to how often, and where first.
    """

    def __init__(self):
        self.reasons: dict[str, tuple[int, str]] = {}

    def add(self, reason: str, where: object) -> None:
        """Count one.

        Args:
            reason: Goes on behind a number, such as 'rows that are no boxes'.
            where: File, and line if there is one.
        """
        count, first = self.reasons.get(reason, (0, str(where)))
        self.reasons[reason] = count + 1, first

    def describe(self) -> str:
        """Return a sentence, empty if nothing was left out."""
        parts = [
            f"{count} {reason}, such as in '{first}'"
            for reason, (count, first) in self.reasons.items()
        ]
        return f'Left out, or changed: {"; ".join(parts)}.' if parts else ''
