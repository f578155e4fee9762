"""An exported program beside its original, at sizes that tracing did not see."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from mmcnx2.apis.exporting.files import Runner
from mmcnx2.apis.exporting.program import Deviation, Program

SIZES = ((1, 64, 64), (2, 101, 163), (3, 224, 192))
"""Pictures, rows, columns."""


@torch.no_grad()
def compare(
    program: Program, exported: Runner, *, photos: Sequence[Path] = (), looser: float = 1
) -> Iterator[tuple[tuple[int, int, int], list[Deviation]]]:
    """Yield how far a program is from its original, for each of :data:`SIZES`.

    A program that takes one picture at a time gets one, and sides that it does not take become
    its smallest one, or the next smaller multiple.

    Args:
        program: Knows its original.
        exported: The same, as read back from a file.
        photos: Pictures to compare on; without any, random ones.
        looser: Factor of what is allowed.
    """
    generator = torch.Generator().manual_seed(0)
    for n, height, width in SIZES:
        n = 1 if program.one_at_a_time else n
        height, width = (
            max(side, program.least) // program.multiple * program.multiple
            for side in (height, width)
        )
        images = (_read(photos, n, height, width) if photos
                  else _draw(program, n, height, width, generator))  # fmt: skip
        inputs = program.inputs(images, generator=generator)
        found = program.deviations(exported(*inputs), program.original(*inputs))
        yield (n, height, width), [replace(d, allowed=d.allowed * looser) for d in found]


def _read(photos: Sequence[Path], n: int, height: int, width: int) -> Tensor:
    chosen = [photos[i % len(photos)] for i in range(n)]
    return torch.from_numpy(
        np.stack([np.asarray(Image.open(p).convert('RGB').resize((width, height))) for p in chosen])
    )


def _draw(program: Program, n: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Draw patches of color with some noise: edges as in photos, and no two pixels alike."""
    channels = program.channels
    coarse = torch.rand(n, channels, 5, 6, generator=generator)
    smooth = F.interpolate(coarse, size=(height, width), mode='nearest')
    noise = torch.rand(n, channels, height, width, generator=generator)
    values = 0.8 * smooth + 0.2 * noise
    if channels == 3:
        values = (255 * values).to(torch.uint8)
    else:  # three deviations to each side of the mean
        values = program.pixels.mean + 3 * program.pixels.std * (2 * values - 1)
    return values.permute(0, 2, 3, 1).contiguous()
