"""Shards of many small images."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.tools import run_tool


@call
def pack(
    images: Annotated[str, arguments.location],
    *,
    out: Annotated[str, arguments.location],
    labels: bool = False,
    images_per_shard: Annotated[int, arguments.count] = 1000,
    short_side: Annotated[int | None, arguments.pixels] = None,
    quality: Annotated[int | None, arguments.whole(1, 100)] = None,
    seed: Annotated[int, arguments.seed] = 0,
    workers: Annotated[int | None, arguments.processes] = None,
) -> None:
    """Pack a folder of images into tar shards that training streams.

    For example: mmcnx2 pack photos/ --out shards/

    Args:
        images: Folder of images, nested as it may be.
        out: Folder of the shards; stopped at any point, the same command goes on there.
        labels: The folders directly below it are classes.
        images_per_shard: Default 1000.
        short_side: Reduce larger images to this short side, in pixels, as JPEG.
        quality: Encode again as JPEG of this quality.
        seed: Of the order of the images. Default 0.
        workers: Processes. Default the number of cores.

    Raises:
        OSError: The folder cannot be read, or ``out`` not be written.
        ValueError: A value does not fit the shards that are there.
    """
    run_tool(
        'dataset_tools/make_shards.py', images,
        out=out, labels=labels, images_per_shard=images_per_shard, short_side=short_side,
        quality=quality, seed=seed, workers=workers,
    )  # fmt: skip
