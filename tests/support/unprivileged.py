"""The rights of a plain user, for tests that root runs, too."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def unprivileged() -> Iterator[Path]:
    """Give this process the rights of a plain user for a while, and a folder of that user's own.

    Root may read and write whatever its mode says.
    """
    folder = Path(tempfile.mkdtemp(dir='/tmp'))  # pytest's own folders let root in alone
    root = os.geteuid() == 0
    if root:
        os.chown(folder, NOBODY, -1)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        for closed in [folder, *folder.rglob('*')]:
            if not closed.is_symlink():
                closed.chmod(0o700)
        shutil.rmtree(folder)
