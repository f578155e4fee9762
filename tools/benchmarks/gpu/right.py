"""Proofs: each operation's kernels, and whole networks."""

from collections.abc import Iterator

import torch
from torch import nn

from gpu import kernels
from gpu.draws import draw, sizes
from gpu.networks import pretraining
from gpu.proof import LIMITS, poisoned, prove, relative_error
from gpu.row import Row, guarded
from gpu.setting import Setting
from mmcnx2.nn import ConvNeXtV2

NETWORK_LIMIT = 1e-4
"""Float32 sums in other orders, through as many blocks as there are."""


def prove_kernels(setting: Setting, operation: str) -> Iterator[Row]:
    """Yield a row for each case of an operation and each precision."""
    for case in kernels.load(operation).cases(setting):
        for dtype in sizes(setting, [*LIMITS], [torch.bfloat16]):
            yield from guarded(case.name, lambda case=case, dtype=dtype: iter([prove(case, dtype)]))


def prove_networks(setting: Setting) -> Iterator[Row]:
    """Yield rows of networks in float32: with kernels beside the definition in plain torch."""
    allowed = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False  # else the definition would be the inexact one
    try:
        for arch, batch in [('atto', 1)] if setting.dry else [('atto', 8), ('base', 4)]:
            nets = [
                pretraining(setting, arch, 'packed', 'triton'),
                pretraining(setting, arch, 'masked', 'torch'),
            ]
            size = (setting.pixels, setting.pixels)
            yield compare_gradients(setting, f'{arch}, packed beside masked', nets, batch, size)
            nets = [Squared(ConvNeXtV2(setting.arch(arch), ops=ops)) for ops in ('triton', 'torch')]
            size = (9, 14) if setting.dry else (200, 333)
            yield compare_gradients(setting, f'{arch}, whole images', nets, batch, size)
    finally:
        torch.backends.cudnn.allow_tf32 = allowed


class Squared(nn.Module):
    """A backbone whose loss is the mean of its squared maps, each by random weights."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.net(images)[-1]
        ramp = torch.linspace(0, 1, maps[0].numel(), device=maps.device).view(maps.shape[1:])
        return (maps * ramp).square().mean()


def compare_gradients(
    setting: Setting, what: str, nets: list[nn.Module], batch: int, size: tuple[int, int]
) -> Row:
    """Return the row of two networks with the same weights, images and mask."""
    ours, naive = (net.to(setting.device) for net in nets)
    torch.manual_seed(0)
    for parameter in ours.parameters():
        nn.init.normal_(parameter, std=0.05)  # GRN's begin at zero, which would hide much
    naive.load_state_dict(ours.state_dict())
    images = draw(setting, batch, 3, *size, seed=1, dtype=torch.float32)
    found = []
    for net in (ours, naive):
        torch.manual_seed(1)  # the same mask
        with poisoned():
            loss = net(images)
            loss.backward()
        found.append({'loss': loss, **{name: p.grad for name, p in net.named_parameters()}})
    errors = {name: relative_error(found[0][name], true) for name, true in found[1].items()}
    worst = max(errors, key=lambda name: (errors[name] != errors[name], errors[name]))
    right = errors[worst] <= NETWORK_LIMIT
    return Row(what, dict(error=errors[worst], of=worst), 'ok' if right else 'WRONG')
