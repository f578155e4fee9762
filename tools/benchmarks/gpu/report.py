"""What is found, printed and written as soon as it is. Needs nothing but Python."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

from gpu import targets
from gpu.row import Row
from mmcnx2.outputs import claim_folder, write_text

BAD = ('WRONG', 'FAILED')


class Report:
    """Prints rows, and keeps ``table.json`` and ``table.md`` whole in a folder of its own.

    Args:
        folder: New, empty, or one that an earlier report made, which this one replaces.

    Raises:
        OSError: It holds something else.
    """

    def __init__(self, folder: Path):
        self.folder = claim_folder(folder, 'gpu-table')
        self.parts: dict[str, list[Row]] = {}

    def add(self, part: str, row: Row) -> None:
        """Take in a row of a part."""
        if part not in self.parts:
            self.parts[part] = []
            print(f'\n{part}', flush=True)
        self.parts[part].append(row)
        print(f'  {_line(row)}', flush=True)
        self._write()

    @property
    def rows(self) -> list[Row]:
        """All rows."""
        return [row for rows in self.parts.values() for row in rows]

    @property
    def bad(self) -> list[Row]:
        """Those that are wrong or could not be run."""
        return [row for row in self.rows if row.verdict in BAD]

    def summarize(self) -> str:
        """Return what was wanted beside what was found, and what went wrong or was left out."""
        said = [targets.compare(self.measures), '']
        said += [f'{row.verdict}: {row.what}' for row in self.bad]
        said += [f'left out: {row.what}' for row in self.rows if row.verdict == 'left out']
        proved = sum(row.verdict == 'ok' for row in self.rows)
        said.append(f'{proved} proofs hold, {len(self.bad)} rows are wrong or failed.')
        return '\n'.join(said)

    @property
    def measures(self) -> dict[str, float]:
        """What targets are about, by name."""
        return {name: value for row in self.rows for name, value in row.measures.items()}

    def _write(self) -> None:
        kept = {part: [*map(dataclasses.asdict, rows)] for part, rows in self.parts.items()}
        write_text(self.folder / 'table.json', json.dumps(kept, indent=1))
        pages = [f'## {part}\n\n{_markdown(rows)}' for part, rows in self.parts.items()]
        write_text(
            self.folder / 'table.md', '\n\n'.join(['# On a GPU', self.summarize(), *pages]) + '\n'
        )


def _line(row: Row) -> str:
    words = [f'{name} {_text(value)}' for name, value in row.values.items()]
    return ' | '.join([f'{row.verdict} {row.what}'.strip(), *words])


def _markdown(rows: Iterable[Row]) -> str:
    return '\n'.join(f'- {_line(row)}' for row in rows)


def _text(value: float | int | str) -> str:
    return f'{value:.4g}' if isinstance(value, float) else str(value)
