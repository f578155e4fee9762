"""What is left of a small network's step when launching kernels costs nothing."""

from collections.abc import Iterator

import torch

from gpu.comparison import compare
from gpu.draws import draw
from gpu.networks import LR, groups, pretraining, training_step
from gpu.proof import relative_error
from gpu.row import Row
from gpu.setting import Setting
from gpu.static_step import StaticStep

LIMIT = 5e-2
"""Between the weights' changes of two ways, as a share of their norm; another mask makes it 1."""


def measure(setting: Setting, arch: str, batch: int) -> Iterator[Row]:
    """Yield rows of the step as a CUDA graph, a new mask each time, beside the plain one."""
    graphed, plain = build(setting, arch, batch), build(setting, arch, batch)
    yield prove(setting, graphed, plain)
    masks = [graphed.net.draw_mask(graphed.images) for _ in range(2 if setting.dry else 16)]
    take = graphed.run if setting.dry else graphed.replay

    def replayed() -> None:
        masks.append(masks.pop(0))
        graphed.show(masks[0])
        take()

    net = pretraining(setting, arch, 'packed', setting.ops)
    steps = {'a CUDA graph': replayed, 'eager': training_step(setting, net, batch)}
    what = f'pre-training {arch}, batch {batch}'
    seconds = yield from compare(setting, what, steps)
    rate = setting.batch(batch) / seconds['a CUDA graph']
    measures = {'atto with a graph, images/s': rate} if arch == 'atto' else {}
    yield Row(f'{what}: a CUDA graph', {'images/s': rate}, measures=measures)


def build(setting: Setting, arch: str, batch: int) -> StaticStep:
    """Return a step on random images."""
    net = pretraining(setting, arch, 'packed', setting.ops).train()
    optimizer = torch.optim.AdamW(
        groups(net.parameters()), lr=LR, fused=True, capturable=not setting.dry
    )
    shape = (setting.batch(batch), 3, setting.pixels, setting.pixels)
    step = StaticStep(setting, net, optimizer, shape)
    step.images.copy_(draw(setting, *shape, seed=0, dtype=torch.float32))
    return step


def prove(setting: Setting, graphed: StaticStep, plain: StaticStep) -> Row:
    """Return whether recorded steps lead to the weights of plain ones, masks changing between."""
    if not setting.dry:
        graphed.record()
        for _ in range(3):
            plain.run()
    before = torch.cat([parameter.detach().flatten() for parameter in plain.net.parameters()])
    for _ in range(2):
        visible = plain.net.draw_mask(plain.images)
        graphed.show(visible)
        plain.show(visible)
        graphed.run() if setting.dry else graphed.replay()
        plain.run()
    setting.wait()
    moved, expected = (
        torch.cat([parameter.detach().flatten() for parameter in net.parameters()]) - before
        for net in (graphed.net, plain.net)
    )
    error = relative_error(moved, expected)
    return Row(
        'recorded steps move the weights as plain ones',
        dict(error=error, loss=graphed.loss.item(), plain_loss=plain.loss.item()),
        'ok' if error <= LIMIT else 'WRONG',
    )
