"""Every combination of some settings, trained one after another and told apart in a table."""

from collections.abc import Mapping, Sequence
from itertools import product


def combinations(grid: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return every way of choosing one value of each setting, the last setting varying fastest.

    Args:
        grid: Key of the config to its values.
    """
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def read_grid(settings: Sequence[str]) -> dict[str, list[str]]:
    """Read ``KEY=VALUE,VALUE`` settings.

    Args:
        settings: As on the command line.

    Raises:
        ValueError: One without a key or without values, or two of one key.
    """
    grid = {}
    for setting in settings:
        key, _, values = setting.partition('=')
        if not key or not all(values.split(',')):
            raise ValueError(
                f"'{setting}' is no setting to sweep: write KEY=VALUE,VALUE, such as "
                'model.backbone.drop_path_rate=0.2,0.3.'
            )
        if key in grid:
            raise ValueError(f"'{key}' is swept twice: write all its values after one KEY=.")
        grid[key] = values.split(',')
    return grid


def run_name(choice: Mapping[str, str]) -> str:
    """Return the folder name of a combination, such as ``lr=1e-4_drop_path_rate=0.2``."""
    return '_'.join(f'{key.rpartition(".")[2]}={value}' for key, value in choice.items())


def tabulate(rows: Sequence[tuple[Mapping[str, str], float | None]], metric: str) -> str:
    """Return a Markdown table of a sweep, the best first, what failed last.

    Args:
        rows: Combination and its score, None if it has none.
        metric: Name of the score; more is better.
    """
    names = [key.rpartition('.')[2] for key in rows[0][0]]
    lines = [_line([*names, metric]), '|' + '---|' * (len(names) + 1)]
    ranked = sorted(rows, key=lambda row: (row[1] is None, -(row[1] or 0.0)))
    for choice, score in ranked:
        shown = 'none' if score is None else f'{score:.4g}'
        lines.append(_line([*choice.values(), shown]))
    return '\n'.join(lines)


def _line(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cells)} |'
