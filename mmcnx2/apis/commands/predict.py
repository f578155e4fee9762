"""Predictions of a trained model on any images."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use
from mmcnx2.apis.run import Run
from mmcnx2.apis.tools import run_tool


@call
def predict(
    run: Annotated[str, arguments.location],
    images: Annotated[str, arguments.location],
    *,
    out: Annotated[str, arguments.location],
    score: Annotated[float, arguments.number(0, 1)] = 0.3,
    show: Annotated[str | None, arguments.shown] = None,
    device: Annotated[str | None, arguments.device] = None,
) -> None:
    """Predict on images: draw what is found, and write it into files.

    For example: mmcnx2 predict runs/det more_photos/ --out drawn/

    Args:
        run: Folder of a run that trained a classifier, detector or segmentor; or an .onnx file
            that `mmcnx2 export` wrote, for which onnxruntime, NumPy and Pillow are enough.
        images: An image or a folder of images.
        out: Folder for pictures and predictions.
        score: Draw objects from this score on. Default 0.3.
        show: Channels to draw, such as 4,3,2, numbered as in the file, or one. Default the first
            three, or the first.
        device: cpu, cuda or cuda:1. Default a GPU if there is one; an .onnx file runs on the CPU.

    Raises:
        OSError: There is no such run or image, or ``out`` holds something else.
        ValueError: The run is one of pre-training.
    """
    if run.endswith('.onnx'):
        from mmcnx2.apis.exported.predict import predict_exported

        if device not in (None, 'cpu'):
            raise ValueError(f"'{run}' runs on the CPU: leave device={device!r} out.")
        if show is not None:
            raise ValueError(f"'{run}' is drawn on pictures as they are: leave show out.")
        predict_exported(run, images, out, score=score)
        return
    use(device)
    trained = Run.open(run)
    if trained.command == 'pretrain':
        raise ValueError(
            f"'{run}' is pre-trained alone and predicts nothing: `mmcnx2 reconstruct` shows what "
            'it has learnt, and `mmcnx2 finetune`, `detect` or `segment` go on from it.'
        )
    run_tool(
        'analysis_tools/vis_predictions.py', trained.config, trained.checkpoint, images,
        out_dir=out, score_thr=score, device=device, show=show and ','.join(map(str, show)),
    )  # fmt: skip
