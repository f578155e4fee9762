"""A linear classifier on frozen features."""

from typing import Annotated

from mmcnx2 import arguments
from mmcnx2.apis.calls import call
from mmcnx2.apis.devices import use


@call
def probe(
    images: Annotated[str, arguments.location],
    *,
    from_: Annotated[str, arguments.location],
    val: Annotated[str | None, arguments.location] = None,
    size: Annotated[int | None, arguments.pixels] = None,
    seed: Annotated[int, arguments.seed] = 0,
    device: Annotated[str | None, arguments.device] = None,
) -> float:
    """Train a linear classifier on frozen features: how good they are, within a minute.

    For example: mmcnx2 probe labelled/ --from runs/pre

    Args:
        images: Folder of class folders, or one that holds such folders train and val.
        from_: The weights: folder of a run, path, address or name.
        val: Images to score with: another such folder, or the share to keep apart. Default the
            folder val, else 0.2.
        size: Side of the images, in pixels. Default 224, or less where they are smaller.
        seed: Of the share, and of the validation that chooses the regularization. Default 0.
        device: cpu, cuda or cuda:1. Default a GPU if there is one.

    Returns:
        Share of the images that is classified right, in percent.

    Raises:
        OSError: The folder or the weights are not there.
        ValueError: The data are no class folders.
    """
    use(device)
    from mmengine.utils import track_iter_progress

    from mmcnx2.analysis.probing import probe_encoder
    from mmcnx2.apis.frozen import frozen_classifier

    chosen = dict(from_=from_, val=val, size=size, seed=seed)
    with frozen_classifier(images, **chosen) as (config, weights):
        found = probe_encoder(
            config,
            weights,
            seed=seed,
            progress=lambda loader: track_iter_progress((loader, len(loader))),
        )
    print(
        f'\nlinear probe top-1: {found.top1:.2f} % ({found.scored_on} images; trained on '
        f'{found.trained_on}, C={found.probe.strength:g} by validation)'
    )
    return found.top1
