"""Scores of a trained model."""

import os
from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use
from mmcnx2.apis.run import Run
from mmcnx2.apis.tools import run_tool


@call
def test(
    run: Annotated[str, arguments.location],
    *,
    out: Annotated[str | None, arguments.location] = None,
    drawn: Annotated[str | None, arguments.location] = None,
    tta: bool = False,
    device: Annotated[str | None, arguments.device] = None,
) -> None:
    """Score a classifier, detector or segmentor on its validation images.

    For example: mmcnx2 test runs/det

    Args:
        run: Folder of the run.
        out: Where to keep the predictions: a .pkl file, for a segmentor a folder.
        drawn: Folder for pictures of the predictions.
        tta: Average several views of each image.
        device: cpu, cuda or cuda:1. Default a GPU if there is one.

    Raises:
        OSError: There is no such run, or no checkpoint in it.
        ValueError: It cannot be scored.
    """
    use(device)
    trained = Run.open(run)
    run_tool(
        'test.py', trained.config, trained.checkpoint,
        work_dir=os.path.join(run, 'test'), out=out, show_dir=drawn, tta=tta, quiet=True,
    )  # fmt: skip
