"""Images and their classes from a table, a row each."""

import os

from mmcnx2.datasets.labels.left_out import LeftOut
from mmcnx2.datasets.labels.table import (
    LABELS,
    PARTS,
    PATHS,
    find_column,
    full_path,
    read_rows,
)
from mmcnx2.datasets.readers import readable_endings

_TRAIN, _VAL = ('train', 'training'), ('val', 'valid', 'validation')
_SEVERAL = ('|', ';')


def read_labelled(path: str) -> tuple[str, dict[str, str], list[str]]:
    """Read a table of paths and labels.

    A column ``split`` says what is trained on (train) and what validates (val); what else it names
    is left out. Rows without a label, and files that are not there or no images, are left out and
    counted.

    Args:
        path: Of the table.

    Returns:
        The folder that all images lie below; the class of each, by its path below that folder; and
        the paths of those that validate, none where the table does not say.

    Raises:
        FileNotFoundError: None of the images is there.
        ImportError: See :func:`.labels.table.read_rows`.
        ValueError: The table cannot be read, lacks a column, or gives an image several labels.
    """
    rows = read_rows(path)
    image_column = find_column(path, rows[0], PATHS)
    label_column = find_column(path, rows[0], LABELS)
    part_column = find_column(path, rows[0], PARTS, needed=False)
    left_out, labels, kept = LeftOut(), {}, []
    endings = readable_endings()
    for number, row in enumerate(rows, 2):
        file, label = full_path(path, row[image_column]), row[label_column].strip()
        part = row[part_column].strip().lower() if part_column else _TRAIN[0]
        if part not in (*_TRAIN, *_VAL):
            left_out.add('rows of another split', f'{path}:{number}')
        elif not label:
            left_out.add('rows without a label', f'{path}:{number}')
        elif not file.lower().endswith(endings) or not os.path.isfile(file):
            left_out.add('files that are not there or no images', file)
        elif any(sign in label for sign in _SEVERAL) or labels.get(file, label) != label:
            raise ValueError(
                f"'{path}:{number}' gives '{row[image_column]}' several labels, but one is learnt: "
                'keep one, or make a class of each combination.'
            )
        else:
            labels[file] = label
            kept += [file] if part in _VAL else []
    if said := left_out.describe():
        print(said, flush=True)
    if not labels:
        raise FileNotFoundError(
            f"none of the images of '{path}' is there: paths are absolute, or below its folder."
        )
    root = os.path.commonpath([os.path.dirname(file) for file in labels])
    below = {file: os.path.relpath(file, root) for file in labels}
    return root, {below[file]: each for file, each in labels.items()}, [below[f] for f in kept]
