"""One save: its files come to be and what they replace goes, or everything stays as it was."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from mmengine.runner import Runner

from mmcnx2.engine.saving.background_saving import Parcel
from mmcnx2.engine.saving.before_save import BeforeSave
from mmcnx2.engine.saving.free_room import free_room
from mmcnx2.engine.saving.nonfinite import NonFiniteError


class Transaction:
    """A save of a hook, in two steps: gathering, while training waits, and :meth:`write`.

    Args:
        hook: An ``AtomicCheckpointHook`` in training, whose file back end removes later.
        runner: Gathers the checkpoints.

    Attributes:
        made: ``(iterations done, path)`` of the checkpoints that will be there.
        parcel: Holds what is gathered, if the hook writes in the background.
    """

    def __init__(self, hook: Any, runner: Runner):
        self.made: list[tuple[int, str]] = []
        self.parcel = Parcel() if hook.background else None
        self._hook, self._logger = hook, runner.logger
        self._before = BeforeSave(hook, runner.message_hub.runtime_info)
        self._error: OSError | None = None

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Within, the hook saves as mmengine does; in the background, into the parcel.

        An ``OSError`` is kept for :meth:`write` to tell of.
        """
        hook, backend_args = self._hook, self._hook.backend_args
        if self.parcel:
            hook.backend_args = dict(backend='mmcnx2_parcel', backend_args=backend_args)
        try:
            with self.parcel.open() if self.parcel else nullcontext():
                yield
        except OSError as error:
            self._error = error
        finally:
            hook.backend_args = backend_args
        self._before.note_changes()

    def write(self) -> str | None:
        """Write what is still to be written; then remove old files, or say why new ones failed.

        In the background, this is what the thread does.

        Returns:
            The complaint, if it failed.
        """
        hook = self._hook
        try:
            if self.parcel and not self._error:
                self.parcel.write(hook.check_finite, hook.backend_args)
        except OSError as error:
            self._error = error
        if self._error:
            hook.failures += 1
            hook.file_backend.forget()
            complaint = self._complaint(self._error)
            self._logger.error(complaint)
            return complaint
        for _, path in self.made:
            hook.note_down(path)
        hook.file_backend.carry_out(self._logger)
        for _, path in self.made:
            hook.tell(path)
        return None

    def undo(self) -> None:
        """Have the hook and the message hub say again what they said before."""
        self._before.restore()

    def _complaint(self, error: OSError) -> str:
        hook, last = self._hook, self._before.last_ckpt
        mend = '' if isinstance(error, NonFiniteError) else '; make room before it is interrupted'
        older = f"older checkpoints stay, the last one is '{last}'" if last else 'there is no other'
        return (
            f"NO CHECKPOINT WAS SAVED in '{hook.out_dir}' ({error}{free_room(hook.out_dir, error)};"
            f' failure {hook.failures} of this run): training goes on, {older}{mend}.'
        )
