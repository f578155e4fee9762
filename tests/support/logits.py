"""Logits of this package's classifier from a whole model's state dict in its names."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.models.convnextv2 import ConvNeXtV2


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
    """Give tensors on 'meta' float64 values in a moment, none of them zero.

    They repeat after a prime number of entries, which is random enough for a comparison and cheap
    for hundreds of millions of them.
    """
    pattern = torch.empty(1_000_003, dtype=torch.float64)
    pattern.uniform_(-0.05, 0.05, generator=torch.Generator().manual_seed(0))
    filled = {}
    for name, tensor in tensors.items():
        turns = -(-tensor.numel() // pattern.numel())
        filled[name] = pattern.repeat(turns)[: tensor.numel()].view(tensor.shape).clone()
    return filled
