"""mmengine's note in the work folder, ``last_checkpoint``: the path of the latest checkpoint."""

from contextlib import suppress
from pathlib import Path

from mmcnx2.engine.saving.atomic_backend import AtomicBackend

NAME = 'last_checkpoint'


class CheckpointNote:
    """The note of one run.

    Args:
        work_dir: Work folder of the run.
    """

    def __init__(self, work_dir: str | Path):
        self.path = Path(work_dir, NAME)

    def read(self) -> str:
        """Return what it says; empty if it is not there or is no text."""
        try:
            return self.path.read_text()
        except (OSError, UnicodeDecodeError):
            return ''

    def write(self, checkpoint: str) -> None:
        """Have it name a checkpoint, on a full disk, too. It helps to find the file, no more."""
        with suppress(OSError):
            try:
                AtomicBackend().put_text(checkpoint, self.path)
            except OSError:
                with self.path.open('r+') as file:  # over what is there, which takes no room
                    file.write(checkpoint)
                    file.truncate()
