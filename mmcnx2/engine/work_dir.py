"""The folder of a run, before the run begins."""

import os
from tempfile import TemporaryFile


def check_work_dir(work_dir: str) -> None:
    """Make the folder of a run and refuse one that cannot be written to.

    Args:
        work_dir: Its path.

    Raises:
        OSError: If it cannot be made, or no file can be written there.
    """
    broken = os.path.islink(work_dir) and not os.path.exists(work_dir)
    try:
        if broken:
            raise FileNotFoundError(f"it is a link to '{os.readlink(work_dir)}', which is missing")
        os.makedirs(work_dir, exist_ok=True)
        with TemporaryFile(dir=work_dir):
            pass
    except OSError as error:
        raise OSError(
            f"work folder '{work_dir}' cannot be written to ({error.strerror or error}): allow it, "
            'or give another one with --work-dir.'
        ) from None
