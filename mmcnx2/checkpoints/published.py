"""The published weights by name: which there are, and the file behind a path, address or name."""

import logging
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from mmcnx2.checkpoints.downloads import download, place_of
from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.checkpoints.zoo import PublishedModel, read_zoo
from mmcnx2.paths import expand_home, shipped

logger = logging.getLogger('mmcnx2')

_INDEXES = ('model-index.yml', 'configs/convnext_v1/metafile.yml')
_HUBS = ('hf-hub:', 'hf_hub:', 'timm/')
"""What timm and Hugging Face may put before a name."""


@cache
def list_published() -> tuple[PublishedModel, ...]:
    """Return all published weights, in the order of the model zoo."""
    return tuple(model for index in _INDEXES for model in read_zoo(shipped(index)))


def published(name: str) -> PublishedModel:
    """Return the published weights of a name.

    Args:
        name: As ``list_published`` has it, or one of its aliases: mmpretrain's, timm's, Hugging
            Face's. Capitals do not matter.

    Raises:
        CheckpointError: There are none. The sentence has the nearest names.
    """
    if (model := _find(name)) is None:
        raise CheckpointError(
            f"no published weights are called '{name}'{names_near(name)}: mmcnx2 models lists all."
        )
    return model


def names_near(name: str) -> str:
    """Return such as ', nearest are a, b', empty where no published name is near."""
    near = get_close_matches(_plain(name), _by_name(), n=3, cutoff=0.7)
    return f' (near it are {", ".join(near)})' if near else ''


def is_remote(source: str | Path) -> bool:
    """Return whether weights are to be fetched: by their address, or by a published name.

    Args:
        source: A path, too; a file of that path comes before a name.
    """
    source = str(source)
    return '://' in source or (not Path(expand_home(source)).exists() and _find(source) is not None)


def find_file(
    source: str | Path, folder: str | Path | None = None, *, progress: bool = True
) -> Path:
    """Return the file of weights, fetched if it is not here yet.

    Args:
        source: Path, address or published name.
        folder: Where files are fetched to; default torch's own, ``~/.cache/torch/hub/checkpoints``.
        progress: Show a progress bar.

    Raises:
        CheckpointError: It is not there, or cannot be fetched: see :func:`.downloads.download`.
    """
    source = str(source)
    if '://' in source:
        return download(source, folder, progress=progress)
    path = Path(expand_home(source))
    if path.exists():
        return path
    if (model := _find(source)) is None:
        raise CheckpointError(
            f"checkpoint '{source}' does not exist: give the path of a file, an address, or a "
            f'published name{names_near(source)}.',
            reason='it does not exist',
        )
    return _fetch(model, folder, progress=progress)


def _fetch(model: PublishedModel, folder: str | Path | None, *, progress: bool) -> Path:
    """Return a published file, from the first of its addresses that gives it."""
    places = {url: place_of(url, folder) for url in model.addresses}
    for place in places.values():
        if place.is_file():
            return place
    reasons = []
    for url in places:
        try:
            path = download(url, folder, progress=progress)
        except CheckpointError as error:
            reasons.append(f'{url}: {error.reason}')
            continue
        logger.warning(
            f'{model.name}: fetched from {url}; license of the weights: {model.license}.'
        )
        return path
    url, place = next(iter(places.items()))
    raise CheckpointError(
        f"the published weights '{model.name}' cannot be fetched ({'; '.join(reasons)}): look at "
        f"the network, or fetch {url} in another way and put it at '{place}'.",
        reason='it cannot be fetched',
    )


def _find(name: str) -> PublishedModel | None:
    return _by_name().get(_plain(name))


def _plain(name: str) -> str:
    name = name.lower()
    for hub in _HUBS:
        name = name.removeprefix(hub)
    return name


def _by_name() -> dict[str, PublishedModel]:
    return {name.lower(): m for m in list_published() for name in (m.name, *m.aliases)}
