"""A checkpoint that does not fit, at the end of a run: room, another place, a smaller one."""

from collections.abc import Callable, Sequence

WEIGHTS = 'weights_of_'
"""Begins the name of a file that holds weights alone, and so is no checkpoint to resume from."""


def rescue(
    name: str,
    folders: Sequence[str],
    *,
    save: Callable[[str, str, bool], OSError | None],
    removable: Sequence[str],
    remove: Callable[[str], None],
) -> str:
    """Save a checkpoint that could not be written, as whole as it can be.

    Older checkpoints make room, one after the other; then the weights alone are written; then the
    other folders are tried.

    Args:
        name: Name of the file.
        folders: The one that it belongs in, and others to try in turn.
        save: Writes ``(folder, name, whole)``, the weights alone if not whole; returns what is in
            the way, or None.
        removable: Checkpoints that may be given up for this one, the oldest first.
        remove: Removes one of them.

    Returns:
        The folder that holds the whole checkpoint now.

    Raises:
        OSError: None does. The message says what was saved instead.
    """
    home = folders[0]
    error = save(home, name, True)
    waiting = list(removable)
    while error and waiting:
        remove(waiting.pop(0))
        error = save(home, name, True)
    if error is None:
        return home
    weights = None
    for folder in folders:
        if folder != home and save(folder, name, True) is None:
            return folder
        if not weights and save(folder, WEIGHTS + name, False) is None:
            weights = f'{folder}/{WEIGHTS}{name}'
    kept = f"the weights alone are in '{weights}'" if weights else 'not even the weights alone fit'
    room = f', also after {len(removable)} older ones were removed for it' if removable else ''
    raise OSError(f'{error}{room}; {kept}')
