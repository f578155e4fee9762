"""What is installed, or what a folder holds, and what is wrong with it."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call


@call
def doctor(data: Annotated[str | None, arguments.location] = None) -> None:
    """Say what is wrong with the installation, or with a folder of images, and what mends it.

    For example: mmcnx2 doctor

    Args:
        data: Folder of images: its kinds, sizes, channels, ranges, unreadable files and copies are
            told, and what training makes of them. Default: the installation.

    Raises:
        OSError: There is no such folder, or no image in it.
        ValueError: Its images differ in dtype or channels.
        SystemExit: With 1, if training would fail by the installation.
    """
    if data is not None:
        from mmcnx2.analysis.data_report import describe_folder

        print('\n'.join(describe_folder(data)))
        return
    from mmcnx2.doctor import main

    if status := main():
        raise SystemExit(status)
