"""Features of a folder as one of several processes computes them."""

import torch

from mmcnx2.analysis.features import extract_features, labelled_images
from tests.support.fcmae import make_fcmae


def features_of(folder: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features and labels of the class folders in ``folder/images``."""
    loader = labelled_images(
        dict(type='CustomDataset', data_root=f'{folder}/images'),
        size=32,
        batch_size=2,
        num_workers=0,
    )
    return extract_features(make_fcmae().float(), loader)


def save_features(rank: int, folder: str) -> None:
    """Leave what a process has after all have computed their share, as ``{rank}.pt``."""
    torch.save(features_of(folder), f'{folder}/{rank}.pt')
