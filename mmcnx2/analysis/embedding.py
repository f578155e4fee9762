"""Vectors of pictures: a network's maps, pooled."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.registry import TRANSFORMS, DefaultScope
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from mmcnx2.analysis.encoders import Encoder
from mmcnx2.analysis.features import middle_of_image
from mmcnx2.datasets.unreadable import run_transforms
from mmcnx2.processes.loading import let_parent_decide

POOLINGS: dict[str, Callable[[Tensor], Tensor]] = dict(
    mean=lambda maps: maps.mean((2, 3)), max=lambda maps: maps.amax((2, 3))
)
"""Name to what makes ``(N, C)`` of maps ``(N, C, H, W)``."""


@dataclass(frozen=True)
class Look:
    """How pictures are looked at.

    Attributes:
        mirrored: In a mirror, left for right.
        closer: Share of the usual side that is seen.
    """

    mirrored: bool = False
    closer: float = 1.0


LOOKS = tuple(Look(mirrored, closer) for closer in (1.0, 0.95) for mirrored in (False, True))
"""Those by which near-duplicates are found: a picture whose border was cut off is a closer look."""


class Embedder:
    """Pictures to vectors.

    With ``stage`` the last and ``pooling`` 'mean', vectors are those of mmpretrain's
    ``FeatureExtractor``: of a pre-trained network its maps, averaged over space; of a classifier
    what goes into its linear layer, behind the final norm.

    Args:
        encoder: The network, on its device.
        stage: Whose maps are pooled, from 1; None for the last.
        pooling: A name of :data:`POOLINGS`.
        size: Side in pixels of what the network sees: the middle of each picture.

    Raises:
        ValueError: There is no such stage, or the size is less than its stride.
    """

    def __init__(
        self, encoder: Encoder, *, stage: int | None = None, pooling: str = 'mean', size: int = 224
    ):
        strides = encoder.net.strides
        self.encoder, self.stage = encoder, len(strides) if stage is None else stage
        if self.stage > len(strides):
            raise ValueError(f'stage={stage}, but {encoder.name} has {len(strides)} stages.')
        if size < strides[-1]:
            raise ValueError(f'size={size}, but {encoder.name} takes {strides[-1]} px or more.')
        self.pooling, self.size = pooling, size

    @property
    def settings(self) -> str:
        """What makes a difference beside the weights, in words."""
        return f'stage {self.stage}, {self.pooling}, {self.size} px'

    def stream(
        self,
        paths: Sequence[str],
        *,
        batch_size: int = 64,
        workers: int = 0,
        look: Look = LOOKS[0],
    ) -> Iterator[tuple[list[str], np.ndarray, dict[str, str]]]:
        """Yield a batch's paths, their vectors and, by path, why others could not be read.

        Args:
            paths: Image files.
            batch_size: Pictures at a time.
            workers: Processes that load them.
            look: How the pictures are looked at.

        Yields:
            Paths of n pictures, float32 ``(n, C)``, and reasons; n may be 0.
        """
        loader = DataLoader(
            _Pictures(paths, self.size, look.closer),
            batch_size=batch_size,
            num_workers=workers,
            collate_fn=_collate,
        )
        let_parent_decide(loader)
        for names, pictures, reasons in loader:
            yield names, self._vectors(pictures, look.mirrored), reasons

    @torch.no_grad()
    def _vectors(self, pictures: Tensor, mirrored: bool) -> np.ndarray:
        net, norm = self.encoder.net, self.encoder.norm
        if not len(pictures):
            return np.zeros((0, net.channels[self.stage - 1]), np.float32)
        images = self.encoder.normalize(pictures.flip(3) if mirrored else pictures)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=images.is_cuda):
            layouts = net.plan(images, None)
            features = net.encode(images, layouts)[self.stage - 1]
        maps = layouts[self.stage - 1].to_maps(features)
        pooled = POOLINGS[self.pooling](maps.float())
        if norm is not None and self.stage == len(net.strides):
            pooled = norm(pooled)
        return pooled.cpu().numpy()


class _Pictures(Dataset):
    """Files to uint8 BGR ``(3, size, size)``, or to why they cannot be read."""

    def __init__(self, paths: Sequence[str], size: int, closer: float):
        self.paths = list(paths)
        steps = middle_of_image(size, closer=closer)
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            self.transforms = [TRANSFORMS.build(each) for each in steps]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[str, Tensor | None, str | None]:
        path = self.paths[index]
        data, reason = run_transforms(self.transforms, dict(img_path=path))
        return path, None if data is None else data['inputs'], reason


def _collate(samples: list[tuple]) -> tuple[list[str], Tensor, dict[str, str]]:
    read = [(path, picture) for path, picture, _ in samples if picture is not None]
    reasons = {path: reason for path, picture, reason in samples if picture is None}
    pictures = torch.stack([picture for _, picture in read]) if read else torch.zeros(0, 3, 1, 1)
    return [path for path, _ in read], pictures, reasons
