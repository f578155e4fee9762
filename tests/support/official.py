"""A dense ConvNeXt V2 whose parameters have the official code's names and shapes.

Written from the paper's equations, as plainly as possible and in float64: it says what logits the
official dialect stands for, without the official code.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class GRN(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x: Tensor) -> Tensor:
        norm = x.square().sum((1, 2), keepdim=True).sqrt()
        return x + self.beta + self.gamma * x * norm / (norm.mean(-1, keepdim=True) + 1e-6)


class Block(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.grn = GRN(4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.pwconv2(self.grn(F.gelu(self.pwconv1(y))))
        return x + y.permute(0, 3, 1, 2)


class OfficialConvNeXtV2(nn.Module):
    """``forward(images)`` gives logits."""

    def __init__(self, depths: tuple, channels: tuple, num_classes: int):
        super().__init__()
        self.downsample_layers = nn.ModuleList()
        before = 3
        for i, width in enumerate(channels):
            conv = nn.Conv2d(before, width, 2 if i else 4, stride=2 if i else 4)
            norm = nn.LayerNorm(before if i else width, eps=1e-6)
            self.downsample_layers.append(nn.ModuleList([norm, conv] if i else [conv, norm]))
            before = width
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for depth, width in zip(depths, channels, strict=True)
        )
        self.norm = nn.LayerNorm(channels[-1], eps=1e-6)
        self.head = nn.Linear(channels[-1], num_classes)

    def forward(self, images: Tensor) -> Tensor:
        x = images
        for downsample, stage in zip(self.downsample_layers, self.stages, strict=True):
            for layer in downsample:
                if isinstance(layer, nn.LayerNorm):
                    x = layer(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
                else:
                    x = layer(x)
            x = stage(x)
        return self.head(self.norm(x.mean((2, 3))))
