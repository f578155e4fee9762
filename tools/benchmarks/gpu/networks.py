"""The networks that are compared, and a training step of any of them."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from gpu.draws import draw
from gpu.setting import Setting
from mmcnx2.nn import FCMAE, ConvNeXtV2

LR = 1e-5


def pretraining(setting: Setting, arch: str, layout: str, ops: str) -> FCMAE:
    """Return FCMAE in one layout; ``ops`` as for ``ConvNeXtV2``."""
    torch.manual_seed(0)
    options = dict(embed_dims=8) if setting.dry else {}
    return FCMAE(setting.arch(arch), layout=layout, ops=ops, **options).to(setting.device)


class Classifying(nn.Module):
    """A backbone, whichever, with the mean of its squared features as the loss."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Tensor:
        output = self.net(images)
        return (output[-1] if isinstance(output, tuple) else output).float().square().mean()


def ours(setting: Setting, arch: str, ops: str, **options) -> ConvNeXtV2:
    """Return this package's dense backbone."""
    return ConvNeXtV2(setting.arch(arch), ops=ops, **options).to(setting.device)


def timms(setting: Setting, arch: str, **options) -> nn.Module:
    """Return timm's of the same size, in the memory format that suits it best."""
    import timm

    if setting.dry:
        arch, options = 'atto', dict(options, depths=(1, 1, 1, 1), dims=(4, 4, 8, 8), patch_size=1)
    net = timm.create_model(f'convnextv2_{arch}', **options)
    return net.to(setting.device, memory_format=torch.channels_last)


def training_step(setting: Setting, net: nn.Module, batch: int) -> Callable[[], None]:
    """Return a step with forward, backward and optimizer, in bfloat16.

    Args:
        setting: Says the size of the images.
        net: From images to a loss.
        batch: Images a step.
    """
    net.train()
    optimizer = torch.optim.AdamW(groups(net.parameters()), lr=LR, fused=True)
    images = draw(
        setting, setting.batch(batch), 3, setting.pixels, setting.pixels, seed=0,
        dtype=torch.float32,
    )  # fmt: skip

    def step() -> None:
        with torch.autocast(setting.device.type, torch.bfloat16):
            loss = net(images)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def groups(parameters: Iterable[Tensor]) -> list[dict]:
    """Return the two parameter groups that the configs come to: with and without weight decay."""
    parameters = list(parameters)
    return [
        dict(params=[p for p in parameters if p.ndim > 1], weight_decay=0.05),
        dict(params=[p for p in parameters if p.ndim <= 1], weight_decay=0.0),
    ]


def compile_blocks(setting: Setting, net: nn.Module) -> nn.Module:
    """Compile a network block by block: a handful of graphs instead of one of all blocks."""
    blocks = [m for m in net.modules() if type(m).__name__ in ('ConvNeXtV2Block', 'ConvNeXtBlock')]
    # Every block of every width is one code object, which dynamo compiles eight times and no more.
    torch._dynamo.config.recompile_limit = 64
    for block in blocks:
        block.compile(**setting.compile_options())
    return net
