"""Images and their classes from a table, a row each."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmcnx2.datasets.image_table import ImageTable, is_parquet, is_saved, saved_parts
from mmcnx2.datasets.labels.left_out import LeftOut
from mmcnx2.datasets.labels.table import (
    LABELS,
    PARTS,
    PATHS,
    find_column,
    full_path,
    is_table,
    read_rows,
)
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.datasets.sources import common_root

_TRAIN, _VAL = ('train', 'training'), ('val', 'valid', 'validation')
_BETWEEN = re.compile(r'\s*[|;]\s*')
_YES, _NO = ('1', '1.0', 'true', 'yes'), ('0', '0.0', 'false', 'no', '')


@dataclass(frozen=True)
class LabelledTable:
    """What a table says of images.

    Attributes:
        root: The folder that all lie below.
        labels: The classes of each image, by its path below that folder.
        kept: Paths of those that validate; none where the table does not say.
        several: Whether images have several classes, or none.
    """

    root: str
    labels: Mapping[str, tuple[str, ...]]
    kept: list[str]
    several: bool


def is_labelled_table(place: str) -> bool:
    """Whether a path is that of a table, or of data sets that Hugging Face's datasets saved."""
    return is_table(place) or is_saved(place) or bool(saved_parts(place))


def read_labelled(path: str) -> LabelledTable:
    """Read a table of images and labels.

    Images are named by a column of paths, or lie in the table themselves. Labels stand in a column,
    several of an image between ``|`` or ``;``, in a list, or in further rows; or each in a column
    of its own: ``label_1``, ``label_2``, or a class a column with 0 and 1. A column ``split`` says
    what is trained on (train) and what validates (val); what else it names is left out. Rows
    without a label, and files that are not there or no images, are left out and counted.

    Args:
        path: Of the table.

    Raises:
        FileNotFoundError: None of the images is there.
        ImportError: See :func:`.labels.table.read_rows`.
        ValueError: The table cannot be read, or lacks a column.
    """
    labels: dict[str, tuple[str, ...]] = {}
    left_out, kept = LeftOut(), {}
    column = None
    for number, (file, row, part) in enumerate(_images(path, left_out), 2):
        column = column or _Labels(path, row)
        found = column.of(row)
        if part not in (*_TRAIN, *_VAL):
            left_out.add('rows of another split', f'{path}:{number}')
        elif found is None:
            left_out.add('rows without a label', f'{path}:{number}')
        else:
            labels[file] = tuple(dict.fromkeys((*labels.get(file, ()), *found)))
            if part in _VAL:
                kept[file] = None
    if said := left_out.describe():
        print(said, flush=True)
    if not labels:
        raise FileNotFoundError(
            f"none of the images of '{path}' is there: paths are absolute, or below its folder."
        )
    root = common_root(labels)
    below = {file: os.path.relpath(file, root) for file in labels}
    return LabelledTable(
        root,
        {below[file]: classes for file, classes in labels.items()},
        [below[file] for file in kept],
        any(len(classes) != 1 for classes in labels.values()),
    )


def _images(path: str, left_out: LeftOut) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the file of each row, the row's other columns, and which part of the data it is of."""
    if parts := saved_parts(path):
        for name, folder in parts.items():
            for file, row in _rows_with_images(folder):
                yield file, row, name.lower()
        return
    table = ImageTable(path) if is_parquet(path) or is_saved(path) else None
    if table is not None and table.column is not None:
        found = _rows_with_images(path)
    elif table is not None and is_saved(path):
        raise ValueError(f"data set '{path}' has no column of images.")
    else:
        found = _rows_with_paths(path, left_out)
    column = None
    for number, (file, row) in enumerate(found):
        if number == 0:
            column = find_column(path, row, PARTS, needed=False)
        yield file, row, str(row.pop(column)).strip().lower() if column else _TRAIN[0]


def _rows_with_images(place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    table = ImageTable(os.path.abspath(place))
    yield from zip(table.paths(), table.rows(), strict=True)


def _rows_with_paths(path: str, left_out: LeftOut) -> Iterator[tuple[str, dict[str, Any]]]:
    rows, endings = read_rows(path), readable_endings()
    column = find_column(path, rows[0], PATHS)
    for row in rows:
        file = full_path(path, row.pop(column))
        if file.lower().endswith(endings) and os.path.isfile(file):
            yield file, row
        else:
            left_out.add('files that are not there or no images', file)


class _Labels:
    """Where a table keeps labels, found by its first row.

    Args:
        path: Of the table.
        row: Without the columns of paths and parts.
    """

    def __init__(self, path: str, row: Mapping[str, Any]):
        self.path = path
        self.column = find_column(path, row, LABELS, needed=False)
        self.numbered = [name for name in row if re.fullmatch(r'(?i)(label|class)[_ ]?\d+', name)]
        self.classes = list(row)
        if self.column is None and not self.numbered and not all(map(_is_flag, row.values())):
            find_column(path, row, LABELS)  # which says what is missing

    def of(self, row: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return the classes of a row, None where it says nothing."""
        if self.column is not None:
            value = row[self.column]
            values = value if isinstance(value, list) else _BETWEEN.split(_text(value))
            return tuple(_text(each) for each in values if _text(each)) or None
        if self.numbered:
            return tuple(filter(None, (_text(row[name]) for name in self.numbered))) or None
        if unlike := [name for name in self.classes if not _is_flag(row[name])]:
            raise ValueError(
                f"table '{self.path}' has a class in each column, but '{row[unlike[0]]}' in column "
                f"'{unlike[0]}', where 0 or 1 is expected."
            )
        return tuple(name for name in self.classes if _text(row[name]).lower() in _YES)


def _text(value: Any) -> str:
    return '' if value is None else str(value).strip()


def _is_flag(value: Any) -> bool:
    return _text(value).lower() in (*_YES, *_NO)
