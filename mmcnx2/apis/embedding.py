"""A folder's vectors: those that a file has already, those of an earlier start, and the rest."""

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mmcnx2.analysis.embedding import LOOKS, Embedder, Look
from mmcnx2.analysis.embedding_parts import EmbeddingParts
from mmcnx2.analysis.embedding_table import EmbeddingTable, files_of
from mmcnx2.analysis.encoders import load_encoder
from mmcnx2.apis.recipes.common import short_sides, usual_size
from mmcnx2.apis.run import Run
from mmcnx2.apis.weights import find_weights
from mmcnx2.checkpoints.integrity import sha256_of
from mmcnx2.engine.device import choose_device
from mmcnx2.paths import printable

SECONDS_A_PART = 30
"""So much work is lost at most where an embedding is stopped."""
_log = logging.getLogger(__name__)


class FolderEmbedding:
    """Vectors of many pictures by one network.

    Args:
        from_: Folder of a run, path, address or name of the weights.
        images: Paths of the pictures, of whose sizes the default size is taken.
        stage: As for :class:`.Embedder`.
        pooling: As for :class:`.Embedder`.
        size: Side in pixels; None takes the run's, else the pictures', at most 224.
        device: Such as 'cpu'; None takes what there is.
        batch_size: Pictures at a time.
        workers: Processes that load them.

    Raises:
        OSError: The weights are not there.
        ValueError: They are no ConvNeXt's, or have no such stage.
    """

    def __init__(
        self,
        from_: str,
        images: Sequence[str],
        *,
        stage: int | None = None,
        pooling: str = 'mean',
        size: int | None = None,
        device: str | None = None,
        batch_size: int = 64,
        workers: int = 0,
    ):
        run = Run.open(from_) if Run.began_in(from_) else None
        weights = find_weights(from_).path
        encoder = load_encoder(
            os.fspath(from_),
            weights,
            run.config if run else None,
            device=str(choose_device(device)),
        )
        if size is None:
            size = run.arguments.get('size') if run else None
        if not isinstance(size, int):  # a detector has two
            size = usual_size(short_sides(images), largest=224)
        self.embedder = Embedder(encoder, stage=stage, pooling=pooling, size=size)
        self.model = sha256_of(weights)
        self.loading = dict(batch_size=batch_size, workers=workers)

    @property
    def settings(self) -> str:
        """See :attr:`.Embedder.settings`."""
        return self.embedder.settings

    def table(self, paths: Sequence[str], out: str | Path) -> EmbeddingTable:
        """Return the vectors of all pictures that can be read, and write them.

        Those that ``out`` has of the same weights and settings are taken from there, unless the
        picture is younger. Others that cannot be read are named in warnings and left out.

        Raises:
            OSError: ``out`` cannot be written.
            ValueError: No picture can be read.
        """
        parts = EmbeddingParts(out, self.model, self.settings)
        known = self._in_file(out) | parts.read()
        found = {path: known[path] for path in paths if path in known}
        found |= self._compute([path for path in paths if path not in found], parts)
        if not found:
            raise ValueError('none of the pictures can be read: see the warnings above.')
        read = [path for path in paths if path in found]
        vectors = np.stack([found[path] for path in read])
        table = EmbeddingTable(read, vectors, self.model, self.settings)
        table.write(out)
        parts.remove()
        return table

    def vectors(self, paths: Sequence[str], *, look: Look = LOOKS[0]) -> dict[str, np.ndarray]:
        """Return vectors by path, of pictures that can be read, with a bar.

        Args:
            paths: Image files.
            look: How they are looked at.
        """
        return self._compute(paths, None, look=look)

    def _compute(
        self, paths: Sequence[str], parts: EmbeddingParts | None, *, look: Look = LOOKS[0]
    ) -> dict[str, np.ndarray]:
        found, kept, saved = {}, [], time.monotonic()
        how = ['closer'] * (look.closer < 1) + ['mirrored'] * look.mirrored
        bar = tqdm(
            total=len(paths), desc=', '.join(how) or 'embedding', unit='picture',
            disable=not paths,
        )  # fmt: skip
        try:
            for names, vectors, reasons in self.embedder.stream(paths, look=look, **self.loading):
                for path, reason in reasons.items():
                    _log.warning(printable(f"'{path}' cannot be read and is left out: {reason}."))
                found.update(zip(names, vectors, strict=True))
                kept += names
                if parts and time.monotonic() - saved > SECONDS_A_PART:
                    self._keep(parts, kept, found)
                    kept, saved = [], time.monotonic()
                bar.update(len(names) + len(reasons))
        finally:  # stopped, too
            bar.close()
            if parts:
                self._keep(parts, kept, found)
        return found

    @staticmethod
    def _keep(parts: EmbeddingParts, paths: list[str], found: dict[str, np.ndarray]) -> None:
        if paths:
            parts.add(paths, np.stack([found[path] for path in paths]))

    def _in_file(self, out: str | Path) -> dict[str, np.ndarray]:
        if not all(file.is_file() for file in files_of(out)):
            return {}
        try:
            table = EmbeddingTable.read(out)
        except ValueError:
            return {}  # somebody else's, which is moved aside
        if (table.model, table.settings) != (self.model, self.settings):
            return {}
        written = os.path.getmtime(out)
        return {
            path: vector
            for path, vector in zip(table.paths, table.vectors, strict=True)
            if os.path.exists(path) and os.path.getmtime(path) <= written
        }
