"""Figures of Matplotlib as files."""

from pathlib import Path

from matplotlib.figure import Figure

from mmcnx2.outputs import new_file


def save_figure(figure: Figure, path: str | Path, *, dpi: int = 160) -> None:
    """Write a figure, whole or not at all; see :func:`.new_file` for what is in the way.

    Args:
        figure: What to write.
        path: Image file; its ending picks the format and its folder is made.
        dpi: Dots an inch.

    Raises:
        OSError: It cannot be written.
    """
    with new_file(path) as draft:
        figure.savefig(draft, dpi=dpi)
