"""Pictures and their vectors as a file: Parquet, NumPy or CSV."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmcnx2.outputs import new_file

ENDINGS = ('.parquet', '.npy', '.csv')
_VECTOR = 'v{}'  # columns of a .csv


@dataclass(frozen=True)
class EmbeddingTable:
    """Vectors of pictures, and what computed them.

    Attributes:
        paths: Of the pictures.
        vectors: Float32 ``(n, C)``, a row a picture.
        model: SHA-256 of the checkpoint, in hexadecimal.
        settings: What else makes a difference, in words.
    """

    paths: list[str]
    vectors: np.ndarray
    model: str
    settings: str

    def write(self, path: str | Path) -> None:
        """Write the table, whole or not at all.

        ``.parquet`` has the columns path, vector (a list of floats), model and settings; ``.csv``
        has path, model, settings, v0, v1, ...; ``.npy`` has the vectors alone, and a ``.csv``
        of the same name beside it the rest.

        Args:
            path: File to write, of one of :data:`ENDINGS`.

        Raises:
            OSError: It cannot be written.
        """
        import pandas

        table = pandas.DataFrame({'path': self.paths})
        constants = dict(model=self.model, settings=self.settings)
        with new_file(path) as draft:
            match draft.suffix:
                case '.parquet':
                    table.assign(vector=list(self.vectors), **constants).to_parquet(draft)
                case '.npy':
                    np.save(draft, self.vectors)
                    table.assign(**constants).to_csv(_beside(draft), index=False)
                case '.csv':
                    names = map(_VECTOR.format, range(self.vectors.shape[1]))
                    vectors = pandas.DataFrame(self.vectors, columns=list(names))
                    both = [table.assign(**constants), vectors]
                    pandas.concat(both, axis=1).to_csv(draft, index=False)

    @classmethod
    def read(cls, path: str | Path) -> 'EmbeddingTable':
        """Read what :meth:`write` wrote.

        Raises:
            OSError: There is no such file.
            ValueError: It is none of these tables.
        """
        import pandas

        path = Path(path)
        try:
            match path.suffix:
                case '.parquet':
                    table = pandas.read_parquet(path)
                    vectors = np.stack(table['vector'].to_list())
                case '.npy':
                    table, vectors = pandas.read_csv(_beside(path)), np.load(path)
                case _:
                    table = pandas.read_csv(path)
                    vectors = table.filter(regex=r'^v\d+$').to_numpy()
            (constants,) = table[['model', 'settings']].drop_duplicates().itertuples(index=False)
        except (KeyError, ValueError) as error:  # pandas's and pyarrow's errors are ValueErrors
            reason = ' '.join(str(error).split())
            raise ValueError(
                f"'{path}' holds no embeddings of `mmcnx2 embed` ({reason})."
            ) from None
        return cls(table['path'].to_list(), vectors.astype(np.float32), *constants)


def check_ending(path: str | Path) -> None:
    """Refuse a file that none of the formats is for.

    Raises:
        ValueError: It ends otherwise.
    """
    if Path(path).suffix not in ENDINGS:
        raise ValueError(f"'{path}' ends in none of {', '.join(ENDINGS)}: give such a name.")


def files_of(path: str | Path) -> list[Path]:
    """Return the files that a table of this path is made of."""
    path = Path(path)
    return [path, _beside(path)] if path.suffix == '.npy' else [path]


def _beside(path: Path) -> Path:
    return path.with_suffix('.csv')
