"""Images within tables: Parquet, and what Hugging Face's datasets saves; ``cats.parquet/7`` is one.

An image is a cell of bytes, or of ``{bytes, path}`` as Hugging Face writes it. A Parquet file gives
no single row, so that its images are unpacked once, into an Arrow file in the user's cache; a saved
data set is in Arrow already. Both are mapped into memory, which the loading processes share.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from mmengine.logging import print_log

from mmcnx2.datasets.addresses import describe_file, is_address, open_parts
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.user_cache import user_cache
from mmcnx2.outputs import new_file

PARQUET = '.parquet'
_NAMES = ('image', 'img', 'picture', 'photo', 'jpg', 'jpeg', 'png', 'bytes', 'image_bytes')
_ROW = re.compile(r'(.+)/(\d+)')
_AT_ONCE = 64  # rows that are unpacked together
_OPEN = 64  # tables that a process keeps open
_STATE, _PARTS = 'state.json', 'dataset_dict.json'  # of a saved data set, and of several in one


class ImageTable:
    """A table that may hold images. Needs pyarrow.

    Args:
        place: A ``.parquet``, its address, or the folder of a saved data set.

    Attributes:
        column: Name of the column of images; None if there is none.

    Raises:
        OSError: The table cannot be read.
        ValueError: It is none, or has several such columns, none of which is called 'image' or
            alike.
    """

    def __init__(self, place: str):
        self.place = place
        with _readable(place):
            if is_parquet(place):
                with _opened(place) as file:
                    self._schema = _parquet(file).schema_arrow
            else:
                self._schema = _saved(place).schema
        self.column = _image_column(place, self._schema)

    def paths(self) -> list[str]:
        """Return the path of each row's image, as :func:`split_row` takes it."""
        return [f'{self.place}/{row}' for row in range(len(_images(self.place, os.getpid())))]

    def rows(self) -> list[dict[str, Any]]:
        """Return what the other columns hold, a dict a row, classes by their names."""
        plain = [field.name for field in self._schema if not _nests(field.type)]
        with _readable(self.place):
            if is_parquet(self.place):
                with _opened(self.place) as file:
                    table = _parquet(file).read(columns=plain)
            else:
                table = _saved(self.place).select(plain)
            names = _class_names(self._schema)
            columns = [
                [_name(value, names.get(column, ())) for value in table.column(column).to_pylist()]
                for column in plain
            ]
        return [dict(zip(plain, row, strict=True)) for row in zip(*columns, strict=True)]


def is_parquet(place: str) -> bool:
    """Whether a path or address is called as a Parquet file is."""
    return place.lower().endswith(PARQUET)


def is_saved(folder: str) -> bool:
    """Whether a folder is a data set that Hugging Face's datasets has saved."""
    return os.path.isfile(os.path.join(folder, _STATE))


def saved_parts(folder: str) -> dict[str, str]:
    """Return the data sets that were saved into one folder, their folders by name; or none."""
    file = Path(folder, _PARTS)
    if not file.is_file():
        return {}
    with _readable(folder):
        names = json.loads(file.read_text(encoding='utf-8'))['splits']
    return {name: os.path.join(folder, name) for name in names if is_saved(f'{folder}/{name}')}


def split_row(path: str) -> tuple[str, int] | None:
    """Return table and row of a path that leads into one; None for others."""
    found = _ROW.fullmatch(path)
    if found is None or not _is_table(found[1]):
        return None
    return found[1], int(found[2])


def table_file(place: str) -> str:
    """Return a file that changes when a table does."""
    return place if is_parquet(place) else os.path.join(place, _STATE)


@lru_cache(_OPEN)
def _is_table(place: str) -> bool:
    if is_parquet(place):
        return is_address(place) or os.path.isfile(place)
    return is_saved(place)


def read_row(place: str, row: int, *, max_bytes: int) -> bytes | str:
    """Return the image of a row: the bytes of its file, or where the table says that it lies.

    Raises:
        UnreadableImageError: There is none, or too large a one.
        OSError: The table cannot be read.
    """
    images = _images(place, os.getpid())
    if row >= len(images):
        raise UnreadableImageError(f"'{place}' has {len(images)} rows.")
    cell = images[row].as_py()
    data, path = (cell.get('bytes'), cell.get('path')) if isinstance(cell, dict) else (cell, None)
    if not data and not path:
        raise UnreadableImageError('its cell is empty.')
    if not data:
        return os.path.join(os.path.dirname(os.path.abspath(place)), path)
    if len(data) > max_bytes:
        raise UnreadableImageError(
            f'it has {len(data)} bytes, more than max_bytes={max_bytes}: reduce it, or raise '
            'max_bytes of the transform that reads it.'
        )
    return data


@lru_cache(_OPEN)
def _images(place: str, process: int):
    """Map the images of a table into memory, once in a process, as pyarrow's ChunkedArray."""
    column = ImageTable(place).column
    with _readable(place):
        table = _saved(place) if not is_parquet(place) else _mapped(_unpacked(place, column))
    return table.column(column)


def _unpacked(place: str, column: str) -> str:
    """Return the Arrow file of a Parquet file's images, and write it if there is none."""
    import pyarrow as pa

    known = hashlib.sha256(f'{describe_file(place)} {column}'.encode(errors='surrogateescape'))
    kept = user_cache('tables') / f'{known.hexdigest()[:32]}.arrow'
    if not kept.is_file():
        print_log(f"Unpacking the images of '{place}' into '{kept}', once.", logger='current')
        with _opened(place) as opened, new_file(kept) as draft:
            file = _parquet(opened)
            schema = pa.schema([file.schema_arrow.field(column)])
            with pa.OSFile(str(draft), 'wb') as sink, pa.ipc.new_stream(sink, schema) as writer:
                for batch in file.iter_batches(batch_size=_AT_ONCE, columns=[column]):
                    writer.write_batch(batch.cast(schema))
    return str(kept)


def _saved(folder: str):
    """Map a saved data set into memory, as pyarrow's Table."""
    import pyarrow as pa

    state = json.loads(Path(folder, _STATE).read_text(encoding='utf-8'))
    names = [os.path.basename(entry['filename']) for entry in state['_data_files']]
    return pa.concat_tables([_mapped(os.path.join(folder, name)) for name in names])


def _mapped(file: str):
    import pyarrow as pa

    with pa.ipc.open_stream(pa.memory_map(file)) as stream:
        return stream.read_all()


def _parquet(file: BinaryIO):
    from pyarrow.parquet import ParquetFile

    return ParquetFile(file)


@contextmanager
def _opened(place: str) -> Iterator[BinaryIO]:
    with open_parts(place) if is_address(place) else open(place, 'rb') as file:
        yield file


@contextmanager
def _readable(place: str) -> Iterator[None]:
    """Say in a sentence that a table is none."""
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"table '{place}' cannot be read ({error}): write it again.") from None


def _image_column(place: str, schema) -> str | None:
    found = [field.name for field in schema if _is_image(field.type)]
    named = [name for name in found if name.lower() in _NAMES]
    if len(found) > 1 and len(named) != 1:
        raise ValueError(
            f"table '{place}' has several columns of bytes ({', '.join(found)}): name that of the "
            "images 'image', and no other so."
        )
    return (named or found or [None])[0]


def _is_image(kind) -> bool:
    text = str(kind)
    if text.startswith('struct<'):
        return any(kind.field(i).name == 'bytes' for i in range(kind.num_fields))
    return text.startswith(('binary', 'large_binary', 'fixed_size_binary'))


def _nests(kind) -> bool:
    """Whether values are neither numbers, texts, nor lists of them."""
    return _is_image(kind) or str(kind).startswith(('struct', 'map', 'extension'))


def _class_names(schema) -> dict[str, list[str]]:
    """Return the names of classes that Hugging Face keeps beside the numbers, by column."""
    try:
        features = json.loads((schema.metadata or {})[b'huggingface'])['info']['features']
        return {
            column: kind['names'] for column, kind in features.items()
            if isinstance(kind, dict) and kind.get('_type') == 'ClassLabel'
        }  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return {}


def _name(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [_name(each, names) for each in value]
    known = isinstance(value, int) and 0 <= value < len(names)
    return names[value] if known else value
