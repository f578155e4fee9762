"""What a checkpoint holds, in types that every torch and mmengine reads."""

import logging

from mmengine.logging import print_log

from mmcnx2.checkpoints.plain_types import make_plain


class PlainContents:
    """Makes the checkpoints of a run plain, and names once in the log what they go without."""

    def __init__(self):
        self._told = set()

    def make(self, checkpoint: dict) -> None:
        """Change a checkpoint in place.

        Args:
            checkpoint: Checkpoint of mmengine's runner.
        """
        plain, left_out = make_plain(checkpoint)
        checkpoint.clear()
        checkpoint.update(plain)
        for name in left_out.keys() - self._told:
            print_log(
                f"Checkpoints are saved without '{name}' ({left_out[name]}), which could not be "
                'read again without running code: keep it as numbers, text, tensors, arrays or '
                'paths, in lists and dicts, if a resumed run needs it.',
                logger='current',
                level=logging.WARNING,
            )
        self._told |= left_out.keys()
