"""What the look at the data found: problems by kind, and one line of what is there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmcnx2.first_few import first_few


@dataclass
class Findings:
    """What is known of the data of one loader.

    Attributes:
        name: What the loader is called: train, val or test.
        images: How many will be used.
        labels: How many of what, such as 530 of 'objects'.
        classes: Their names by label; None where nobody says.
        left_out: What will not be used, with its number and the reason.
        errors: One sentence for each kind of problem that stops the run.
        warnings: One sentence for each kind that does not.
        unseen: Type of a data set that nobody knows how to look at; '' for the others.
        max_unreadable: Share of damaged images, 0 to 1, that the run replaces by others.
    """

    name: str
    images: int = 0
    labels: Counter = field(default_factory=Counter)
    classes: tuple[str, ...] | None = None
    left_out: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unseen: str = ''
    max_unreadable: float = 0.0

    def problem(
        self, what: str, mend: str, *, files: Sequence[str] = (), stops: bool = True
    ) -> None:
        """Add a problem of one kind.

        Args:
            what: Is wrong, a clause that begins with a number.
            mend: How to mend it, a clause.
            files: All that it is wrong with; the first three are named.
            stops: Whether the run must not start.
        """
        where = f' ({first_few(files)})' if files else ''
        (self.errors if stops else self.warnings).append(f'{self.name}: {what}{where}: {mend}.')

    def refuse(self, error: Exception) -> None:
        """Add what an exception says."""
        self.errors.append(f'{self.name}: {str(error).strip()}')

    def leave_out(self, count: int, what: str) -> None:
        """Note how many of what will not be used; nothing if there are none."""
        if count:
            self.left_out.append(f'{count} {what}')

    def __str__(self) -> str:
        if self.unseen:
            return f'{self.name} is a {self.unseen}, which is not looked at'
        counts = dict(images=self.images, **self.labels)
        found = [f'{count} {what}' for what, count in counts.items()]
        if self.classes:
            found.append(f'{len(self.classes)} classes ({first_few(self.classes)})')
        left_out = f', left out: {", ".join(self.left_out)}' if self.left_out else ''
        return f'{self.name} has {", ".join(found)}{left_out}'


@dataclass(frozen=True)
class Report:
    """What is known of all data of a run.

    Attributes:
        findings: One for each loader.
    """

    findings: tuple[Findings, ...]

    @property
    def errors(self) -> list[str]:
        """What stops the run, a sentence for each kind of problem of each loader."""
        return [error for findings in self.findings for error in findings.errors]

    @property
    def warnings(self) -> list[str]:
        """What does not stop it."""
        return [warning for findings in self.findings for warning in findings.warnings]

    @property
    def found(self) -> str:
        """One line: images, labels, classes, what is left out and why."""
        return f'data: {"; ".join(map(str, self.findings))}.'
