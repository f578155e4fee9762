"""A trained model as a program that runs elsewhere."""

from typing import Annotated, Literal

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.run import Run
from mmcnx2.apis.tools import run_tool
from mmcnx2.choices import EXPORT_FORMATS, EXPORT_PARTS, EXPORT_PRECISIONS, OLDEST_OPSET


@call
def export(
    run: Annotated[str, arguments.location],
    out: Annotated[str, arguments.file_ending(*EXPORT_FORMATS)],
    *,
    part: Literal[EXPORT_PARTS] = 'all',
    precision: Literal[EXPORT_PRECISIONS] = 'fp32',
    photos: Annotated[str | None, arguments.location] = None,
    opset: Annotated[int, arguments.whole(1, 99)] = OLDEST_OPSET,
) -> None:
    """Export a model as a program that runs without mmcnx2, and compare the two.

    For example: mmcnx2 export runs/det detector.onnx

    Args:
        run: Folder of the run.
        out: File to write, which ends in .onnx or .pt2.
        part: all (what the model predicts; of pre-training its encoder's features), features (the
            encoder of any run) or reconstruction (pre-training with its decoder). Default all.
        precision: fp32, fp16 or int8, which needs .onnx and photos. Default fp32.
        photos: An image or a folder of images to compare on, and to find the ranges of int8 by.
            Default random pictures.
        opset: Version of ONNX's operators. Default 18.

    Raises:
        OSError: There is no such run, or the file cannot be written.
        ValueError: The model has no export, ONNX has no operator for it, or the two differ by more
            than is allowed.
    """
    trained = Run.open(run)
    print(f'Exporting {trained.folder} ...', flush=True)
    run_tool(
        'deployment/export.py', trained.config, trained.checkpoint, out,
        part=part, precision=precision, photos=photos, opset=opset,
    )  # fmt: skip
