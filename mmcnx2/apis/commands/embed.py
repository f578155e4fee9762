"""Vectors of images, and which of them are alike."""

from typing import Annotated, Literal

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use


@call
def embed(
    images: Annotated[str, arguments.location],
    *,
    from_: Annotated[str, arguments.location],
    out: Annotated[str, arguments.location],
    stage: Annotated[int | None, arguments.count] = None,
    pooling: Literal['mean', 'max'] = 'mean',
    neighbors: Annotated[str | None, arguments.location] = None,
    k: Annotated[int, arguments.count] = 10,
    duplicates: bool = False,
    size: Annotated[int | None, arguments.pixels] = None,
    batch_size: Annotated[int, arguments.batch] = 64,
    workers: Annotated[int, arguments.loading_processes] = 0,
    device: Annotated[str | None, arguments.device] = None,
) -> None:
    """Write a vector of each image, without labels; find images that are alike.

    For example: mmcnx2 embed photos/ --from runs/pre --out photos.parquet

    Stopped at any point, the same command goes on. Images that ``out`` has already are not computed
    again.

    Args:
        images: Folder of images, nested as it may be.
        from_: The weights: folder of a run, path, address or name.
        out: File to write: .parquet, .npy (and a .csv of the paths beside it) or .csv.
        stage: Of the network, from 1. Default the last one.
        pooling: mean or max of each channel over the image. Default mean.
        neighbors: An image: say which are most similar to it.
        k: How many of them. Default 10.
        duplicates: Look for near-duplicates, mirrored ones too, and write them into a .csv beside
            ``out``.
        size: Side of the images, in pixels. Default that of the run, else 224, or less where they
            are smaller.
        batch_size: Images at a time. Default 64.
        workers: Processes that load images. Default none beside the main one.
        device: cpu, cuda or cuda:1. Default a GPU if there is one.

    Raises:
        OSError: The folder or the weights are not there, or ``out`` cannot be written.
        ValueError: ``out`` has another ending, or no image can be read.
    """
    use(device)
    from pathlib import Path

    from mmcnx2.analysis.embedding_table import check_ending
    from mmcnx2.analysis.pictures import find_images
    from mmcnx2.apis.embedding import FolderEmbedding
    from mmcnx2.apis.similar import say_neighbors, write_duplicates
    from mmcnx2.outputs import check_file

    check_ending(out)
    check_file(out)
    query = find_images([neighbors]) if neighbors else []
    paths = [str(Path(path).absolute()) for path in find_images([images])]
    embedding = FolderEmbedding(
        from_, paths, stage=stage, pooling=pooling, size=size, device=device,
        batch_size=batch_size, workers=workers,
    )  # fmt: skip
    table = embedding.table(paths, out)
    count, width = table.vectors.shape
    missing = len(paths) - count
    left_out = f'; {missing} that cannot be read are left out' if missing else ''
    print(f'Wrote {count} vectors of {width} numbers to {out} ({table.settings}){left_out}.')
    if query:
        say_neighbors(embedding, table, query, count=k)
    if duplicates:
        write_duplicates(embedding, table, out)
