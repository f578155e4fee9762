"""Small networks in which every parameter matters, and masks for them."""

import torch
from torch import Tensor, nn

from mmcnx2.nn.convnextv2 import ConvNeXtV2

ARCH = {'depths': (1, 2, 1, 1), 'channels': (8, 12, 16, 24)}


def randomize(module: nn.Module, seed: int = 0, std: float = 0.3) -> nn.Module:
    """Draw every parameter, GRN's, norms and biases included, so that no path stays idle."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)
    return module


def make_net(arch: str | dict = ARCH, **options) -> ConvNeXtV2:
    """Build a float64 backbone with random parameters that depend on the shapes alone.

    Without the final norm, which a mask leaves out: every parameter gets a gradient either way.
    """
    return randomize(ConvNeXtV2(arch, **{'final_norm': False, **options}).double())


def make_images(n: int, height: int, width: int, channels: int = 3, seed: int = 2) -> Tensor:
    """Draw float64 images ``(n, channels, height, width)``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, channels, height, width, generator=generator, dtype=torch.float64)


def make_visible(n: int, h: int, w: int, count: int, seed: int = 3) -> Tensor:
    """Draw bool masks ``(n, h, w)`` that show ``count`` patches each."""
    noise = torch.rand(n, h * w, generator=torch.Generator().manual_seed(seed))
    visible = torch.zeros(n, h * w, dtype=torch.bool)
    return visible.scatter_(1, noise.argsort(1)[:, :count], True).view(n, h, w)
