"""Logits of this package's classifier from a whole model's state dict in its names."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.nn.convnextv2 import ConvNeXtV2


def logits_of(state_dict: dict[str, Tensor], images: Tensor, arch: str | dict, **options) -> Tensor:
    """Run a backbone that averages over space, and the head.

    Args:
        state_dict: ``backbone.`` and ``head.fc.``, all of it used, none missing.
        images: ``(N, C, H, W)``.
        arch: As for :class:`ConvNeXtV2`, as are ``options``.
    """
    with torch.device('meta'):
        net = ConvNeXtV2(arch, gap_before_final_norm=True, **options)
    own = {k.removeprefix('backbone.'): v for k, v in state_dict.items() if 'backbone' in k}
    net.load_state_dict(own, strict=True, assign=True)
    rest = state_dict.keys() - {f'backbone.{name}' for name in own}
    assert rest == {'head.fc.weight', 'head.fc.bias'}, rest
    with torch.no_grad():
        (features,) = net(images)
    return F.linear(features, state_dict['head.fc.weight'], state_dict['head.fc.bias'])


def fill(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give tensors on 'meta' random float64 values, none of them zero.

    All are windows of one buffer, each beginning elsewhere: different values for every tensor, yet
    hundreds of millions of parameters take no more memory than the largest of them.
    """
    steps = 1009  # entries between the beginnings of two tensors
    size = max(tensor.numel() for tensor in tensors.values()) + steps * len(tensors)
    buffer = torch.empty(size, dtype=torch.float64)
    buffer.uniform_(-0.05, 0.05, generator=torch.Generator().manual_seed(0))
    return {
        name: buffer[steps * i :][: tensor.numel()].view(tensor.shape)
        for i, (name, tensor) in enumerate(tensors.items())
    }
