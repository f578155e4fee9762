"""What a user did not ask for is told in one sentence, without the way that the program took."""

from collections.abc import Callable
from functools import wraps

from mmcnx2.checkpoints.files import CheckpointError


def told_in_a_sentence(main: Callable[..., None]) -> Callable[..., None]:
    """Have a tool that reads a checkpoint at any time end with the sentence if it is no good.

    Args:
        main: The tool.

    Raises:
        SystemExit: By the tool, instead of :class:`CheckpointError`.
    """

    @wraps(main)
    def told(*args) -> None:
        try:
            main(*args)
        except CheckpointError as error:
            raise SystemExit(f'error: {error}') from None

    return told
