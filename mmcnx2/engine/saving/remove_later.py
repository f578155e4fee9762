"""Files that are removed once it is safe to."""

from logging import Logger

from mmengine.fileio.backends import BaseStorageBackend


class RemoveLater:
    """A file back end that removes files when told that it is time to.

    Everything else is asked of the back end that it wraps.
    """

    def __init__(self, backend: BaseStorageBackend):
        self._backend = backend
        self._waiting = []

    @property
    def __class__(self) -> type:
        """Whoever asks what kind of back end a hook has means the one that writes."""
        return type(self._backend)

    def __getattr__(self, name: str):
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        """Note a file."""
        self._waiting.append((self._backend.remove, path))

    def rmtree(self, path: str) -> None:
        """Note a folder."""
        self._waiting.append((self._backend.rmtree, path))

    def carry_out(self, logger: Logger) -> None:
        """Remove what is noted; what refuses stays, and is named in the log."""
        for remove, path in self._waiting:
            try:
                if self._backend.exists(path):
                    remove(path)
            except OSError as error:
                logger.error(f"'{path}' could not be removed ({error}), and stays.")
        self._waiting.clear()

    def forget(self) -> None:
        """Let everything stay that is noted."""
        self._waiting.clear()
