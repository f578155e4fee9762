"""What all processes of a run agree on."""

from typing import Any

from mmengine.dist import broadcast_object_list


def of_main_process(value: Any) -> Any:
    """Return the main process's value in all of them; all must take part.

    Args:
        value: Anything that can be pickled.
    """
    values = [value]
    broadcast_object_list(values)
    return values[0]
