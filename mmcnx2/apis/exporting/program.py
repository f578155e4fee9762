"""What every exported model has: pictures go in, named results come out, the original is beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from mmcnx2.apis.exporting.pixels import Pixels


@dataclass(frozen=True)
class Deviation:
    """How far an exported model is from its original.

    Attributes:
        what: What was compared, in words.
        found: How far.
        allowed: How far it may be.
    """

    what: str
    found: float
    allowed: float

    @property
    def too_large(self) -> bool:
        """Whether it is more than allowed; a value that is no number is."""
        return not self.found <= self.allowed


class Program(nn.Module):
    """A model with its preparation of pictures before it and its reading of results behind it.

    Subclasses say what comes out. The network within is a copy, so that what is replaced in it for
    the export does not change the original.

    Args:
        model: In evaluation mode, on the CPU.
        network: What of it is exported, which computes in ``dtype``.
        dtype: float32 or float16.

    Attributes:
        kind: One word for what it does.
        outputs: Names of what comes out.
        channels: Of the images. Of 3 they are pictures, uint8 RGB; others are float32, in the order
            and the units of the files.
        one_at_a_time: Whether it takes a single picture, not any number.
        multiple: What height and width must be multiples of.
        least: Smallest height and width in pixels, from which on the coarsest map has two sites:
            one would be taken for a constant.
        notes: What was changed against the original, a line each.
    """

    kind: str
    outputs: tuple[str, ...]
    one_at_a_time = False
    multiple = 1
    least = 64

    def __init__(self, model: nn.Module, network: nn.Module, dtype: torch.dtype):
        super().__init__()
        self.channels = getattr(getattr(model, 'backbone', None), 'in_channels', 3)
        self.pixels = Pixels(model.data_preprocessor, self.channels)
        self.network = network.to(dtype).eval().requires_grad_(False)
        for module in self.network.modules():
            if hasattr(module, 'ops'):
                module.ops = 'torch'  # kernels of our own are no operators of any format
        self.dtype = dtype
        self.notes: list[str] = []

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs in their order.

        Args:
            images: uint8 RGB ``(N, H, W, 3)``.
        """
        raise NotImplementedError

    def original(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Return what the model as it was trained makes of the same inputs, in float32."""
        raise NotImplementedError

    def deviations(
        self, found: Mapping[str, Tensor], expected: Mapping[str, Tensor]
    ) -> list[Deviation]:
        """Compare outputs with the original's; by default by their largest difference."""
        allowed = 1e-4 if self.dtype == torch.float32 else 2e-2
        return [
            Deviation(f'{name} differ, of their largest', difference(found[name], there), allowed)
            for name, there in expected.items()
        ]

    def facts(self) -> dict[str, Any]:
        """Return what whoever runs the file has to know of its inputs, in JSON's types."""
        return dict(
            kind=self.kind, multiple=self.multiple, one_at_a_time=self.one_at_a_time,
            channels=self.channels, least=self.least, notes=self.notes,
        )  # fmt: skip

    def example(self) -> tuple[Tensor, ...]:
        """Return inputs for tracing: of no two dimensions alike, and none that is 1 by chance."""
        n = 1 if self.one_at_a_time else 2
        height, width = (172, 219) if self.multiple == 1 else (5 * self.multiple, 7 * self.multiple)
        dtype = torch.uint8 if self.channels == 3 else torch.float32
        return (torch.zeros(n, height, width, self.channels, dtype=dtype),)

    def dynamic_shapes(self) -> tuple[dict, ...]:
        """Return which dimensions of the inputs are free."""
        least = self.least // self.multiple
        rows, columns = (self.multiple * Dim(name, min=least) if self.multiple > 1
                         else Dim(name, min=least) for name in ('rows', 'columns'))  # fmt: skip
        shape = {1: rows, 2: columns}
        return (shape if self.one_at_a_time else {0: Dim('batch'), **shape},)

    def as_loaded(self, images: Tensor) -> Tensor:
        """Return images as the toolboxes load them: ``(N, C, H, W)``, pictures in BGR."""
        images = images.permute(0, 3, 1, 2)
        return images.flip(1) if self.channels == 3 else images

    def inputs(self, images: Tensor, *, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Return all inputs for some pictures."""
        return (images,)

    @property
    def input_names(self) -> Sequence[str]:
        """Names of what goes in."""
        return ('images',)


def difference(found: Tensor, expected: Tensor) -> float:
    """Return the largest difference over the largest value, which counts as 1 at least."""
    if found.shape != expected.shape:
        return float('inf')
    scale = max(1.0, expected.abs().max().item())
    return (found.float() - expected.float()).abs().max().item() / scale
