"""The weights that a training starts from, by whatever name they go, and what network they fit."""

import os
from dataclasses import dataclass, field
from typing import Any

from mmcnx2.apis.run import newest_checkpoint
from mmcnx2.checkpoints.files import read_checkpoint
from mmcnx2.checkpoints.published import find_file
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


def find_weights(place: str) -> Weights:
    """Find weights and look what network they are of.

    Args:
        place: Folder of a run, path, address or name.

    Raises:
        FileNotFoundError: There is no such thing.
        ValueError: It holds no weights of a ConvNeXt.
    """
    path = find_file(newest_checkpoint(place) if os.path.isdir(place) else place)
    found = recognize(unwrap(read_checkpoint(path)))
    return Weights(str(path), found.architecture.backbone_arguments())
