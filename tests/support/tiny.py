"""A model that trains in no time, and breaks in the steps that a test says."""

from collections.abc import Collection

import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.functional import linear

from mmcnx2.engine import FiniteLossHook


class Tiny(BaseModel):
    """Linear, with running statistics, on the images of ``MemoryImages``.

    Args:
        bad_losses: Steps, from 1, whose loss is ``value``.
        bad_gradients: Steps in which one number of a gradient is ``value`` and the loss is not.
        spikes: Steps whose loss is a hundred times as large.
        value: Not finite.
        ballast: Weights that make checkpoints larger.
    """

    def __init__(
        self,
        *,
        bad_losses: Collection[int] = (),
        bad_gradients: Collection[int] = (),
        spikes: Collection[int] = (),
        value: float = float('nan'),
        ballast: int = 0,
    ):
        super().__init__()
        self.bad_losses, self.bad_gradients, self.spikes = bad_losses, bad_gradients, spikes
        self.value = value
        generator = torch.Generator().manual_seed(0)
        self.norm = nn.BatchNorm1d(12)
        self.linear = nn.Linear(12, 4)
        self.ballast = nn.Parameter(torch.zeros(ballast)) if ballast else None
        with torch.no_grad():
            for parameter in self.linear.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))

    def forward(self, inputs: Tensor, index: Tensor, mode: str = 'tensor'):
        if mode != 'loss':
            return list(inputs)
        step = MessageHub.get_current_instance().get_info('iter') + 1
        broken = step in self.bad_losses
        # What a broken image makes of running statistics.
        images = inputs / 255 * (1e30 if broken else 1)
        columns = images.unflatten(3, (4, 16)).mean((2, 4)).flatten(1)
        bias = self.linear.bias + 0
        if step in self.bad_gradients:
            bias.register_hook(self._break)
        output = linear(self.norm(columns), self.linear.weight, bias)
        factor = self.value if broken else 100 if step in self.spikes else 1
        ballast = 0 if self.ballast is None else 0 * self.ballast.sum()
        return dict(loss=(output - 1).square().mean() * factor + ballast)

    def _break(self, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        gradient[-1] = self.value
        return gradient


class LeaveOut(Hook):
    """Has a run leave steps out from the beginning."""

    def __init__(self, *steps: int):
        self.steps = steps

    def before_train(self, runner) -> None:
        hook = next(hook for hook in runner.hooks if isinstance(hook, FiniteLossHook))
        hook.left_out.update(self.steps)
