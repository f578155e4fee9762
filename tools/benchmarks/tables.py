"""The Markdown tables that benchmarks print. Needs nothing but Python."""

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int = 2) -> str:
    """Lay out a Markdown table that reads well in a terminal, too.

    Args:
        head: Titles.
        rows: Cells.
        texts: Leading columns of text, flush left; the others are numbers, flush right.
    """
    cells = [head, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    rule = ['-' * width if i < texts else '-' * (width - 1) + ':' for i, width in enumerate(widths)]
    lines = [
        [
            cell.ljust(width) if i < texts else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in (head, rule, *rows)
    ]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)
