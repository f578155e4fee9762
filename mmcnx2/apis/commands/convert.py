"""Weights for other libraries, and theirs."""

from typing import Annotated, Literal

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.run import newest_checkpoint
from mmcnx2.apis.tools import run_tool
from mmcnx2.choices import DIALECTS


@call
def convert(
    weights: Annotated[str, arguments.location],
    out: Annotated[str, arguments.weights],
    *,
    to: Literal[DIALECTS] = 'mmcnx2',
    drop_extra: bool = False,
    num_classes: Annotated[int | None, arguments.whole(1, 10**6)] = None,
    no_head: bool = False,
    in_channels: Annotated[int | None, arguments.whole(1, 10**4)] = None,
    stem: Literal['sum', 'repeat', 'new'] | None = None,
) -> None:
    """Convert weights of any library for any other.

    For example: mmcnx2 convert runs/pre encoder.safetensors --to timm --drop-extra

    Args:
        weights: Folder of a run, path or address.
        out: File to write: .pth, .pt, .bin or .safetensors. Its name gets the first 8 digits of
            its SHA-256.
        to: The library whose names the weights get. Default mmcnx2.
        drop_extra: Leave out what the target has no place for, such as the decoder in timm.
        num_classes: Classes of a new head of zeros.
        no_head: Leave the head out.
        in_channels: Channels of the images; needs a stem.
        stem: How the first layer sees other channels: the mean response in each, the old ones in
            turn, or new ones behind the first three.

    Raises:
        OSError: There are no such weights, or the file cannot be written.
        ValueError: They cannot be converted so.
    """
    import os

    if os.path.isdir(weights):
        weights = newest_checkpoint(weights)
    run_tool(
        'model_converters/convert.py', weights, out,
        to=to, drop_extra=drop_extra, num_classes=num_classes, no_head=no_head,
        in_channels=in_channels, stem=stem,
    )  # fmt: skip
