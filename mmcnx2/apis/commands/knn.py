"""A score without training."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use
from mmcnx2.apis.tools import run_tool


@call
def knn(
    images: Annotated[str, arguments.location],
    *,
    from_: Annotated[str, arguments.location],
    val: Annotated[str | None, arguments.location] = None,
    k: Annotated[int, arguments.count] = 20,
    size: Annotated[int | None, arguments.pixels] = None,
    seed: Annotated[int, arguments.seed] = 0,
    device: Annotated[str | None, arguments.device] = None,
) -> None:
    """Classify images by their nearest neighbors: how good features are, without training.

    For example: mmcnx2 knn labelled/ --from runs/pre

    Args:
        images: Folder of class folders, or one that holds such folders train and val.
        from_: The weights: folder of a run, path, address or name.
        val: Images to classify: another such folder, or the share to keep apart. Default the
            folder val, else 0.2.
        k: Neighbors that vote. Default 20.
        size: Side of the images, in pixels. Default 224, or less where they are smaller.
        seed: Of the share. Default 0.
        device: cpu, cuda or cuda:1. Default a GPU if there is one.

    Raises:
        OSError: The folder or the weights are not there.
        ValueError: The data are no class folders.
    """
    use(device)
    from mmcnx2.apis.frozen import frozen_classifier

    chosen = dict(from_=from_, val=val, size=size, seed=seed)
    with frozen_classifier(images, **chosen) as (config, weights):
        run_tool('analysis_tools/knn.py', config, weights, '-k', k)
