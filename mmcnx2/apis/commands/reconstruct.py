"""What a pre-trained model fills in."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use
from mmcnx2.apis.run import Run
from mmcnx2.apis.tools import run_tool


@call
def reconstruct(
    run: Annotated[str, arguments.location],
    images: Annotated[str, arguments.location],
    *,
    out: Annotated[str, arguments.location] = 'reconstructions.png',
    mask_ratio: Annotated[float | None, arguments.inside] = None,
    seed: Annotated[int, arguments.seed] = 0,
    show: Annotated[str | None, arguments.shown] = None,
    device: Annotated[str | None, arguments.device] = None,
) -> None:
    """Hide patches of images and draw what a pre-trained model fills in.

    For example: mmcnx2 reconstruct runs/pre photos/ --out filled.png

    Args:
        run: Folder of a run of pre-training.
        images: An image or a folder of images.
        out: The picture to write. Default reconstructions.png.
        mask_ratio: Share of each image that is hidden. Default that of the run.
        seed: Of the masks. Default 0.
        show: Channels to draw, such as 4,3,2, numbered as in the file, or one. Default the first
            three, or the first.
        device: cpu, cuda or cuda:1. Default a GPU if there is one.

    Raises:
        OSError: There is no such run or image, or ``out`` cannot be written.
        ValueError: The run is not one of pre-training.
    """
    use(device)
    trained = Run.open(run)
    if trained.command != 'pretrain':
        raise ValueError(f"'{run}' is a run of `mmcnx2 {trained.command}`: give a pre-trained one.")
    run_tool(
        'visualization/reconstruct.py', trained.config, trained.checkpoint, images,
        out=out, mask_ratio=mask_ratio, seed=seed, size=trained.arguments['size'], device=device,
        show=show and ','.join(map(str, show)),
    )  # fmt: skip
