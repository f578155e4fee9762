"""Vectors that are kept while more are computed, so that a stopped embedding goes on."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmcnx2.outputs import claim_folder, new_file


class EmbeddingParts:
    """A folder of parts, named by what computed them: other weights or settings have another one.

    Args:
        out: The file that they will become; the folder lies beside it.
        model: SHA-256 of the checkpoint.
        settings: What else makes a difference, in words.
    """

    def __init__(self, out: str | Path, model: str, settings: str):
        out = Path(out)
        key = hashlib.sha256(f'{model} {settings}'.encode()).hexdigest()[:12]
        self.folder = out.with_name(f'.{out.name}-{key}.parts')

    def read(self) -> dict[str, np.ndarray]:
        """Return the vectors that are there, float32 ``(C,)``, by path."""
        found = {}
        for part in sorted(self.folder.glob('*.npz')):
            with np.load(part) as data:
                found.update(zip(data['paths'].tolist(), data['vectors'], strict=True))
        return found

    def add(self, paths: Sequence[str], vectors: np.ndarray) -> None:
        """Keep some more, whole or not at all.

        Args:
            paths: Of n pictures.
            vectors: Float32 ``(n, C)``.
        """
        if not paths:
            return
        claim_folder(self.folder, 'embed')
        number = len(list(self.folder.glob('*.npz')))
        with new_file(self.folder / f'{number:06d}.npz') as draft:
            np.savez(draft, paths=np.array(paths), vectors=vectors)

    def remove(self) -> None:
        """Remove the folder, when the file is there."""
        shutil.rmtree(self.folder, ignore_errors=True)
