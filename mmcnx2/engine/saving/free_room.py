"""How much room is left where a checkpoint could not be written."""

import shutil

from mmcnx2.engine.saving.nonfinite import NonFiniteError


def free_room(folder: str, error: OSError) -> str:
    """Return the room as the middle of a sentence, such as ``', 0.1 GB are free'``.

    Args:
        folder: Folder of the checkpoints.
        error: Why one is not there. Room has nothing to do with numbers that are not finite.
    """
    if isinstance(error, NonFiniteError):
        return ''
    try:
        return f', {shutil.disk_usage(folder).free / 1e9:.1f} GB are free'
    except OSError:  # not a folder of this machine
        return ''
