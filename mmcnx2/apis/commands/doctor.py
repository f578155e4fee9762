"""What is installed, and what is wrong with it."""

from mmcnx2.apis.calls import call


@call
def doctor() -> None:
    """Say what is installed, what is wrong with it, and what mends it.

    For example: mmcnx2 doctor

    Raises:
        SystemExit: With 1, if training would fail.
    """
    from mmcnx2.doctor import main

    if status := main():
        raise SystemExit(status)
