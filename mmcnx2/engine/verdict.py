"""Whether an update's losses and gradients are finite, found on their device."""

import math
from collections.abc import Mapping, Sequence

import torch
from mmengine.dist import all_reduce
from torch import Tensor

from mmcnx2.engine.late import Late


class Verdict:
    """The losses and the norms of the gradients of one update, judged for all processes at once.

    Args:
        losses: Losses of this process, each of any shape.
        gradients: This process's gradients, or its shares of them, by name, in the model's order.

    Attributes:
        found: A float32 scalar on the losses' device, 1 if anything is not finite and 0 otherwise,
            as torch's optimizers and loss scalers know it (``found_inf``).
    """

    def __init__(self, losses: Sequence[Tensor], gradients: Mapping[str, Tensor]):
        wide = {name: _with_wide_range(g) for name, g in gradients.items() if g.numel()}
        self._names, self._losses = [*wide], len(losses)
        norms = torch._foreach_norm([*wide.values()]) if wide else []
        first = [*losses, *norms, torch.zeros(())][0].device
        norms = (
            torch.stack([norm.to(first) for norm in norms]) if wide else torch.zeros(0).to(first)
        )
        totals = [loss.float().sum().to(first) for loss in losses]
        finite = torch.isfinite(torch.linalg.vector_norm(norms))
        for loss in losses:
            finite = finite & torch.isfinite(loss).all().to(first)
        self.found = (~finite).float()
        all_reduce(self.found, 'max')
        self._told = torch.cat([torch.stack([self.found, *totals]), norms.float()])
        self._late = None

    def leave(self) -> 'Verdict':
        """Have its numbers brought to the host, to be read later; returns itself."""
        self._late = Late(self._told)
        return self

    def is_bad(self) -> bool:
        """Whether anything is not finite in any process."""
        return self._numbers()[0] > 0

    def describe(self) -> str:
        """Say what is not finite."""
        _, *numbers = self._numbers()
        losses, norms = numbers[: self._losses], numbers[self._losses :]
        if bad := [loss for loss in losses if not math.isfinite(loss)]:
            return f'its loss is {bad[0]}'
        said = f'its loss is {losses[-1]:.4g} here' if losses else 'it has no loss here'
        broken = (n for n, norm in zip(self._names, norms, strict=True) if not math.isfinite(norm))
        if name := next(broken, None):
            return f"{said}, but the norm of the gradient of '{name}' is not finite"
        return f'{said}, but it, or the norm of the gradient, is not finite over all processes'

    def _numbers(self) -> list[float]:
        return self._told.tolist() if self._late is None else self._late.read().tolist()


def _with_wide_range(gradient: Tensor) -> Tensor:
    """Keep the norm of float16 numbers from overflowing where none of them does."""
    return gradient.float() if gradient.dtype == torch.float16 else gradient
