"""The look at a folder of unlabelled images, which says itself what it leaves out and why."""

from mmcnx2.datasets.folder import ImageFolderUnlabelled
from mmcnx2.datasets.preflight.findings import Findings


def look_at_unlabelled(findings: Findings, dataset: ImageFolderUnlabelled) -> None:
    """Count the images of a pre-training data set; the files are opened in training alone.

    Args:
        findings: What is found goes here.
        dataset: Built.
    """
    findings.images += len(dataset)
