"""The identity of the run that a folder belongs to."""

import json
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from mmcnx2.engine.saving.atomic_backend import AtomicBackend

FILE = 'run.json'


@dataclass(frozen=True)
class RunNote:
    """Which run trains in a folder.

    Attributes:
        id: Also in each checkpoint that the run saves. A run that is resumed keeps it.
        began_from: Checkpoint of another run, or of none, that this one went on from.
        job: Job of Slurm, which trained it last.
    """

    id: str
    began_from: str | None = None
    job: str | None = None

    @classmethod
    def of_new_run(cls, began_from: str | Path | None = None) -> 'RunNote':
        """Draw an identity, without touching any seed."""
        where = None if began_from is None else _absolute(str(began_from))
        return cls(uuid.uuid4().hex[:16], where)

    @classmethod
    def read(cls, work_dir: str | Path) -> 'RunNote | None':
        """Return a folder's note, None if there is none that can be read."""
        try:
            note = json.loads((Path(work_dir) / FILE).read_text(encoding='utf-8'))
            identity, began_from = note['id'], note.get('began_from')
            job = note.get('job')
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if not isinstance(identity, str) or not isinstance(began_from, str | None):
            return None
        return cls(identity, began_from, job if isinstance(job, str) else None)

    def write(self, work_dir: str | Path) -> None:
        """Put the note into a folder, in one step."""
        AtomicBackend().put_text(json.dumps(asdict(self)), Path(work_dir) / FILE)


def _absolute(location: str) -> str:
    return location if '://' in location else str(Path(location).resolve())
