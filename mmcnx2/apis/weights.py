"""The weights that a training starts from, by whatever name they go, and what network they fit."""

import os
from dataclasses import dataclass, field
from typing import Any

from mmcnx2.apis.run import newest_checkpoint
from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints.downloads import download
from mmcnx2.checkpoints.files import read_checkpoint
from mmcnx2.checkpoints.recognize import recognize
from mmcnx2.checkpoints.unwrap import unwrap


@dataclass(frozen=True)
class Weights:
    """A file of weights.

    Attributes:
        path: Where it lies on this machine.
        backbone: The arguments of ``ConvNeXtV2`` that they need.
    """

    path: str
    backbone: dict[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str | dict:
        """Name of the size, or its depths and channels if it is none of the published ones."""
        return self.backbone['arch']


def find_weights(place: str) -> Weights:
    """Find weights and look what network they are of.

    Args:
        place: Folder of a run, path, address or name.

    Raises:
        FileNotFoundError: There is no such thing.
        ValueError: It holds no weights of a ConvNeXt.
    """
    if os.path.isdir(place):
        path = newest_checkpoint(place)
    elif '://' in place:
        path = str(download(place))
    else:
        path = place
    found = recognize(unwrap(read_checkpoint(path))).architecture
    arch = next(
        (
            name
            for name, each in ARCHS.items()
            if (each['depths'], each['channels']) == (found.depths, found.channels)
        ),
        dict(depths=found.depths, channels=found.channels),
    )
    return Weights(path, dict(arch=arch))
