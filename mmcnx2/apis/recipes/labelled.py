"""What the recipes on labelled images share: what they are given, and what follows them."""

from collections.abc import Mapping
from typing import Any

from mmcnx2.apis.run import Run


class LabelledRecipe:
    """Base of the recipes that train on labels.

    Args:
        images: Folder of the data.
        val: Images to validate with, or the share of the images to keep apart.
        labels: The share of the training images to train on, drawn by the seed; None for all.
        backbone: Arguments of the network, whatever the weights; None for what fits them.
    """

    def __init__(
        self,
        images: str,
        *,
        val: str | None,
        labels: float | None = None,
        backbone: Mapping[str, Any] | None = None,
    ):
        self.given = dict(images=images, val=val, labels=labels, backbone=backbone)

    def next_command(self, run: Run) -> str:
        """Return the command that a person would go on with."""
        return f'mmcnx2 predict {run.folder} PHOTOS/ --out {run.folder}/drawn'
