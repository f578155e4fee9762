"""Stands between a loss and the optimizer: what is not finite reaches neither."""

from collections.abc import Callable

import torch
from mmengine.dist import all_reduce
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.nn.utils import get_total_norm


class StepGuard:
    """Has an optimizer wrapper take only those steps whose losses and gradients are finite.

    The losses and the norm of the gradients of one update are judged together (with accumulated
    gradients: all that went into it), on their device and for all processes at once. All of them
    take the step, or none does. A step that is not taken leaves weights, optimizer and buffers
    (running statistics, say) as the last one left them; a loss scaler lowers its scale.

    Args:
        wrapper: Its ``update_params`` and ``step`` are replaced, until :meth:`remove`.
        model: That it optimizes.
        told: Called after each update with why it was not taken, or None if it was.

    Attributes:
        dropped: Set to a reason, it has the update that is being made not taken, in all processes
            alike, whatever its numbers are.
    """

    def __init__(self, wrapper: OptimWrapper, model: nn.Module, told: Callable[[str | None], None]):
        self.wrapper, self.model, self.told = wrapper, model, told
        self.dropped = None
        self._losses = []
        # Looked up in their modules each time: some modules do not change a buffer but replace it.
        self._places = [
            (module._buffers, name)
            for module in model.modules()
            for name, buffer in module._buffers.items()
            if buffer is not None
        ]
        self._kept = [buffer.clone() for buffer in self._buffers()]
        self._replaced = dict(update_params=wrapper.update_params, step=wrapper.step)
        wrapper.update_params, wrapper.step = self.update_params, self.step

    def remove(self) -> None:
        """Give the wrapper its own methods back."""
        for name, method in self._replaced.items():
            setattr(self.wrapper, name, method)

    def update_params(self, loss: Tensor, *args, **kwargs) -> None:
        """Note a loss, and go on as the wrapper does: backward and, where it is due, a step."""
        self._losses.append(loss.detach())
        self._replaced['update_params'](loss, *args, **kwargs)

    def step(self, **kwargs) -> None:
        """Take a step, or not."""
        losses, dropped = self._losses, self.dropped
        self._losses, self.dropped = [], None
        # The one place where the host waits for the device. An optimizer that takes `found_inf`
        # (torch's fused ones) could have it unread.
        nonfinite = not dropped and bool(self.find_nonfinite(losses))
        if dropped or nonfinite:
            reason = dropped or self._describe(losses)
            if nonfinite:
                reason += self._lower_scale()
            if self._kept:
                torch._foreach_copy_(self._buffers(), self._kept)
            self.told(reason)
            return
        self._replaced['step'](**kwargs)
        self._keep_buffers()
        self.told(None)

    step._with_counter = True  # by this, mmengine's schedulers see that theirs is called within

    def restart(self) -> None:
        """Forget the update that was being made, after other weights have been loaded."""
        self._losses, self.dropped = [], None
        self._keep_buffers()

    def find_nonfinite(self, losses: list[Tensor]) -> Tensor:
        """Look at losses and gradients in all processes.

        Args:
            losses: Losses of this process, each of any shape.

        Returns:
            A float32 scalar on the losses' device, 1 if anything is not finite and 0 otherwise,
            as torch's optimizers and loss scalers know it (``found_inf``).
        """
        norm = get_total_norm(self._gradients())
        finite = torch.isfinite(norm)
        for loss in losses:
            finite = finite.to(loss.device) & torch.isfinite(loss).all()
        found = (~finite).float()
        all_reduce(found, 'max')
        return found

    def _gradients(self) -> list[Tensor]:
        """Return this process's share of the gradients."""
        parameters = [p for group in self.wrapper.optimizer.param_groups for p in group['params']]
        shares = [_share(p.grad) for p in parameters if p.grad is not None]
        return [_with_wide_range(share) for share in shares if share.numel()]

    def _buffers(self) -> list[Tensor]:
        return [buffers[name] for buffers, name in self._places]

    def _keep_buffers(self) -> None:
        if self._kept:
            torch._foreach_copy_(self._kept, self._buffers())

    def _describe(self, losses: list[Tensor]) -> str:
        values = [float(loss.float().sum()) for loss in losses]
        bad = [value for value in values if not torch.isfinite(torch.tensor(value))]
        if bad:
            return f'its loss is {bad[0]}'
        names = (
            name
            for name, parameter in self.model.named_parameters()
            if parameter.grad is not None and not torch.isfinite(_share(parameter.grad)).all()
        )
        loss = f'its loss is {values[-1]:.4g} here'
        if name := next(names, None):
            return f"{loss}, but the gradient of '{name}' is not finite"
        return f'{loss}, but it, or the norm of the gradient, is not finite over all processes'

    def _lower_scale(self) -> str:
        """Have a loss scaler treat the step as one that overflowed, in all processes alike."""
        scaler = getattr(self.wrapper, 'loss_scaler', None)
        if scaler is None or not scaler.is_enabled():
            return ''
        # Only where a process holds such a gradient itself does its scaler know.
        for group in self.wrapper.optimizer.param_groups:
            for parameter in group['params']:
                if parameter.grad is not None:
                    _share(parameter.grad).fill_(torch.inf)
        scaler.step(self.wrapper.optimizer)  # looks, and takes none
        scaler.update(self.wrapper._scale_update_param)
        return f', and the loss scale goes down to {scaler.get_scale():g}'


def _share(gradient: Tensor) -> Tensor:
    return gradient.to_local() if isinstance(gradient, DTensor) else gradient


def _with_wide_range(gradient: Tensor) -> Tensor:
    """Keep the norm of float16 numbers from overflowing where none of them does."""
    return gradient.float() if gradient.dtype == torch.float16 else gradient
