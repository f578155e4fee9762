"""Tables of files: CSV, TSV and Parquet, with a column of paths, and one of labels."""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from mmcnx2.datasets.addresses import is_address, join, read_address
from mmcnx2.datasets.image_limits import MAX_BYTES, UnreadableImageError

PATHS = ('path', 'file', 'filename', 'file_name', 'image', 'image_path', 'img_path', 'filepath')
LABELS = ('label', 'labels', 'class', 'classes', 'category', 'target', 'class_name', 'tags')
PARTS = ('split', 'part', 'set', 'subset')
ENDINGS = ('.csv', '.tsv', '.parquet')


def is_table(path: str) -> bool:
    """Whether a path is that of a table that is there, or an address such as one's."""
    return path.lower().endswith(ENDINGS) and (is_address(path) or os.path.isfile(path))


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
    """Return the location of a file that a table or list names, below the folder that it is in.

    Args:
        table: Path or address of the table.
        name: As it stands there: relative, absolute, or an address.
    """
    name = name.strip()
    if is_address(name):
        return name
    if is_address(table):
        return join(table.rpartition('/')[0], name)
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(table)), name))


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Open a table for reading; one at an address is fetched whole."""
    if not is_address(path):
        with open(path, 'rb') as file:
            yield file
        return
    try:
        yield io.BytesIO(read_address(path, max_bytes=MAX_BYTES))
    except UnreadableImageError as error:
        raise ValueError(f"'{path}' cannot be read: {error}") from None


def read_lines(path: str) -> list[str]:
    """Return the lines of a list of paths, without empty ones.

    Args:
        path: Path or address.
    """
    with _opened(path) as file:
        text = io.TextIOWrapper(file, encoding='utf-8', errors='surrogateescape')
        return [line.strip() for line in text if line.strip()]


def _text(path: str) -> Iterator[dict[str, str]]:
    delimiter = '\t' if path.lower().endswith('.tsv') else ','
    with _opened(path) as file:
        text = io.TextIOWrapper(file, encoding='utf-8-sig', newline='')
        for row in csv.DictReader(text, delimiter=delimiter):
            yield {name: value or '' for name, value in row.items() if name is not None}


def _parquet(path: str) -> Iterator[dict[str, str]]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with _opened(path) as opened:
            file = ParquetFile(opened)
            # What is nested, such as the bytes of images, is no path and no label.
            kinds = [(field.name, str(field.type)) for field in file.schema_arrow]
            plain = [name for name, k in kinds if not k.startswith(('struct', 'list', 'binary'))]
            for batch in file.iter_batches(columns=plain):
                for row in batch.to_pylist():
                    yield {name: '' if v is None else str(v) for name, v in row.items()}
    except ArrowException as error:
        raise ValueError(f"table '{path}' cannot be read ({error}): mend it.") from None
