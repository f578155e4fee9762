"""A trained model as a program that runs elsewhere."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.run import Run
from mmcnx2.apis.tools import run_tool
from mmcnx2.choices import EXPORT_FORMATS


@call
def export(
    run: Annotated[str, arguments.location],
    out: Annotated[str, arguments.file_ending(*EXPORT_FORMATS)],
) -> None:
    """Export a classifier as a program that runs without mmcnx2, and compare the two.

    For example: mmcnx2 export runs/cls classifier.onnx

    Args:
        run: Folder of the run.
        out: File to write, which ends in .onnx or .pt2.

    Raises:
        OSError: There is no such run, or the file cannot be written.
        ValueError: It is no classifier.
    """
    trained = Run.open(run)
    run_tool('deployment/export.py', trained.config, trained.checkpoint, out)
