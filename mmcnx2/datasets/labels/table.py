"""Tables of files: CSV, TSV and Parquet, with a column of paths, and one of labels."""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence

PATHS = ('path', 'file', 'filename', 'file_name', 'image', 'image_path', 'img_path', 'filepath')
LABELS = ('label', 'class', 'category', 'target', 'class_name')
PARTS = ('split', 'part', 'set', 'subset')
ENDINGS = ('.csv', '.tsv', '.parquet')


def is_table(path: str) -> bool:
    """Whether a path is that of a table that is there."""
    return path.lower().endswith(ENDINGS) and os.path.isfile(path)


def read_rows(path: str) -> list[dict[str, str]]:
    """Return the rows of a table, by the names of its columns.

    Args:
        path: A .csv or .tsv in UTF-8 whose first line names the columns, or a .parquet.

    Raises:
        ImportError: pyarrow is not there, and the table is in Parquet.
        ValueError: The table cannot be read, or has no rows.
    """
    try:
        rows = list(_parquet(path) if path.lower().endswith('.parquet') else _text(path))
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"table '{path}' cannot be read ({error}): mend it.") from None
    if not rows:
        raise ValueError(f"table '{path}' has no rows below the names of its columns.")
    return rows


def find_column(
    path: str, row: Mapping[str, str], names: Sequence[str], *, needed: bool = True
) -> str | None:
    """Return the name of the column that has one of some names, whatever their case.

    Args:
        path: Of the table, to name it.
        row: A row of it.
        names: Names that will do.
        needed: Whether there must be one.

    Raises:
        ValueError: Several have, or none and one is needed.
    """
    found = [name for name in row if name and name.strip().lower() in names]
    if len(found) > 1 or (needed and not found):
        what = f'several of these, {", ".join(found)}' if found else ', '.join(map(str, row))
        raise ValueError(
            f"table '{path}' has the columns {what}: name one of them {names[0]}, and no other "
            f'{", ".join(names[1:])}.'
        )
    return found[0] if found else None


def read_paths(path: str) -> list[str]:
    """Return the paths in a table, those that are relative below its folder.

    Raises:
        ImportError, ValueError: As of :func:`read_rows` and :func:`find_column`.
    """
    rows = read_rows(path)
    column = find_column(path, rows[0], PATHS)
    return [full_path(path, row[column]) for row in rows if row[column]]


def full_path(table: str, name: str) -> str:
    """Return the absolute path of a file that a table names, below the table's folder."""
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(table)), name.strip()))


def _text(path: str) -> Iterator[dict[str, str]]:
    delimiter = '\t' if path.lower().endswith('.tsv') else ','
    with open(path, encoding='utf-8-sig', newline='') as file:
        for row in csv.DictReader(file, delimiter=delimiter):
            yield {name: value or '' for name, value in row.items() if name is not None}


def _parquet(path: str) -> Iterator[dict[str, str]]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(path)
        # What is nested, such as the bytes of images, is no path and no label.
        kinds = [(field.name, str(field.type)) for field in file.schema_arrow]
        plain = [name for name, kind in kinds if not kind.startswith(('struct', 'list', 'binary'))]
        for batch in file.iter_batches(columns=plain):
            for row in batch.to_pylist():
                yield {name: '' if v is None else str(v) for name, v in row.items()}
    except ArrowException as error:
        raise ValueError(f"table '{path}' cannot be read ({error}): mend it.") from None
