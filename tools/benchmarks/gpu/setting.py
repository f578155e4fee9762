"""How large things are: as on a GPU that is measured, or toys that run every line on a CPU."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from mmcnx2.archs import ARCHS

TOY = dict(depths=(1, 1), channels=(4, 8))


@dataclass(frozen=True)
class Setting:
    """What every part is given.

    Attributes:
        rounds: Calls of each candidate that count.
        dry: Toy sizes on a CPU, Triton's kernels in its interpreter: nothing is measured.
    """

    rounds: int = 15
    dry: bool = False

    @property
    def device(self) -> torch.device:
        """Where everything runs."""
        return torch.device('cpu' if self.dry else 'cuda')

    @property
    def ops(self) -> str:
        """Kernels of whole networks: the interpreter would take minutes for a step."""
        return 'torch' if self.dry else 'triton'

    @property
    def card(self) -> str:
        """The device's name."""
        return 'a dry run' if self.dry else torch.cuda.get_device_name()

    @property
    def pixels(self) -> int:
        """Side of the images that networks are trained on."""
        return 16 if self.dry else 224

    @property
    def patches(self) -> tuple[int, int]:
        """Patches of an image, visible ones and the side of the grid: 19 of 7 x 7 at 224 px."""
        return (1, 2) if self.dry else (19, 7)

    def arch(self, name: str) -> str | dict:
        """Return a network's size, as ``ConvNeXtV2`` takes it."""
        return TOY if self.dry else name

    def stages(self, name: str) -> Iterator[tuple[int, int, int, int]]:
        """Yield number from 1, blocks, channels and sites along a patch of a network's stages."""
        stages = zip(*(TOY if self.dry else ARCHS[name]).values(), strict=True)
        for number, (depth, channels) in enumerate(stages, 1):
            yield number, depth, channels, 2 ** (len(TOY['depths']) if self.dry else 4) >> number

    def batch(self, images: int) -> int:
        """Return how many images a step takes."""
        return 1 if self.dry else images

    def compile_options(self) -> dict:
        """Return arguments for ``torch.compile``: dry, all but the compiler itself."""
        return dict(backend='eager') if self.dry else {}

    def wait(self) -> None:
        """Wait until the device has done what it was asked to."""
        if not self.dry:
            torch.cuda.synchronize()

    def allocated(self) -> int:
        """Return the bytes that tensors take."""
        return 0 if self.dry else torch.cuda.memory_allocated()

    def clear(self) -> None:
        """Give back what an earlier part left."""
        torch.compiler.reset()
        if not self.dry:
            torch.cuda.empty_cache()
