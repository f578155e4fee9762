"""What a save changes in its hook and in the message hub, as it was before."""

from collections import deque
from typing import Any

_ABSENT = object()


class BeforeSave:
    """The state that a save which fails goes back to.

    Args:
        hook: mmengine's ``CheckpointHook``, in training.
        info: The message hub's ``runtime_info``, which goes into checkpoints.
    """

    def __init__(self, hook: Any, info: dict[str, Any]):
        self.last_ckpt = hook.last_ckpt
        self._hook, self._info = hook, info
        self._before = dict(info)
        self._kept = list(hook.keep_ckpt_ids) if hook.max_keep_ckpts > 0 else []
        self._best = getattr(hook, 'best_ckpt_path', None)
        self._best_of_each = dict(getattr(hook, 'best_ckpt_path_dict', {}))
        self._changed = ()

    def note_changes(self) -> None:
        """Tell what the save has changed from what training changes after it."""
        names = self._before.keys() | self._info.keys()
        self._changed = [
            name
            for name in names
            if self._before.get(name, _ABSENT) is not self._info.get(name, _ABSENT)
        ]

    def restore(self) -> None:
        """Go back, in what the save has changed."""
        hook, info = self._hook, self._info
        hook.last_ckpt = self.last_ckpt
        if hook.max_keep_ckpts > 0:
            hook.keep_ckpt_ids = deque(self._kept, hook.max_keep_ckpts)
        if hook.save_best:
            hook.best_ckpt_path, hook.best_ckpt_path_dict = self._best, self._best_of_each
        for name in self._changed:
            if name in self._before:
                info[name] = self._before[name]
            else:
                info.pop(name, None)
