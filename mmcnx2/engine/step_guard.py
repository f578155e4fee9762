"""Stands between a loss and the optimizer: what is not finite reaches neither."""

from collections.abc import Callable

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from mmcnx2.engine.late import note
from mmcnx2.engine.verdict import Verdict


class StepGuard:
    """Has an optimizer wrapper take only those steps whose losses and gradients are finite.

    The losses and the norm of the gradients of one update are judged together (with accumulated
    gradients: all that went into it), on their device and for all processes at once. All of them
    take the step, or none does. A step that is not taken leaves weights, optimizer and buffers
    (running statistics, say) as the last one left them; a loss scaler lowers its scale.

    A fused optimizer asks on the device whether to take the step (``found_inf``), and nothing waits
    for the answer: it is told when the next update is due. Other optimizers, and a loss scaler,
    have the host wait for it.

    Args:
        wrapper: Its ``update_params`` and ``step`` are replaced, until :meth:`remove`.
        model: That it optimizes.
        told: Called for each update, in order, with why it was not taken, or None if it was, and
            with what ``at`` was then.

    Attributes:
        dropped: Set to a reason, it has the update that is being made not taken, in all processes
            alike, whatever its numbers are.
        at: What the caller calls the update that is being made, such as the number of the step.
    """

    def __init__(
        self, wrapper: OptimWrapper, model: nn.Module, told: Callable[[str | None, int], None]
    ):
        self.wrapper, self.model, self.told = wrapper, model, told
        self.dropped, self.at = None, 0
        self._losses, self._unread = [], None
        optimized = {id(p) for group in wrapper.optimizer.param_groups for p in group['params']}
        self._named = [(n, p) for n, p in model.named_parameters() if id(p) in optimized]
        # Looked up in their modules each time: some modules do not change a buffer but replace it.
        self._places = [
            (module._buffers, name)
            for module in model.modules()
            for name, buffer in module._buffers.items()
            if buffer is not None
        ]
        self._kept = [buffer.clone() for buffer in self._buffers()]
        ours = dict(update_params=self.update_params, step=self.step)
        if type(wrapper)._clip_grad is OptimWrapper._clip_grad:
            ours['_clip_grad'] = self._clip_grad
        self._replaced = {name: getattr(wrapper, name) for name in ours}
        for name, method in ours.items():
            setattr(wrapper, name, method)

    def remove(self) -> None:
        """Tell of the last update, and give the wrapper its own methods back."""
        self.settle()
        for name, method in self._replaced.items():
            setattr(self.wrapper, name, method)

    # As torch.compiler.disable, which would import the compiler at once: a compiled train_step ends
    # here. Its backward was compiled together with its forward.
    @torch._disable_dynamo
    def update_params(self, loss: Tensor, *args, **kwargs) -> None:
        """Note a loss, and go on as the wrapper does: backward and, where it is due, a step."""
        self._losses.append(loss.detach())
        self._replaced['update_params'](loss, *args, **kwargs)

    def step(self, **kwargs) -> None:
        """Take a step, or not."""
        self.settle()
        verdict, dropped = self._judge(), self.dropped
        self._losses, self.dropped = [], None
        if dropped:
            self._restore_buffers()
            self.told(dropped, self.at)
        elif self._judges_on_device():
            self._step_unless(verdict.found, **kwargs)
            self._unread = verdict.leave(), self.at
        elif verdict.found:  # the host waits for the device
            reason = verdict.describe() + self._lower_scale()
            self._restore_buffers()
            self.told(reason, self.at)
        else:
            self._replaced['step'](**kwargs)
            self._keep_buffers()
            self.told(None, self.at)

    step._with_counter = True  # by this, mmengine's schedulers see that theirs is called within

    def settle(self) -> None:
        """Tell of the last update, if that has not been done yet."""
        if self._unread is not None:
            (verdict, at), self._unread = self._unread, None
            self.told(verdict.describe() if verdict.is_bad() else None, at)

    def restart(self) -> None:
        """Forget the updates that were made last, after other weights have been loaded."""
        self._losses, self.dropped, self._unread = [], None, None
        self._keep_buffers()

    def _clip_grad(self) -> None:
        """Clip as mmengine's wrapper does, but leave the norm that is logged on its device."""
        wrapper = self.wrapper
        groups = wrapper.optimizer.param_groups
        parameters = [p for group in groups for p in group['params'] if p.grad is not None]
        norm = wrapper.clip_func(parameters, **wrapper.clip_grad_kwargs) if parameters else None
        if norm is not None:  # clipping by value has none
            norm = norm.full_tensor() if isinstance(norm, DTensor) else norm
            note(wrapper.message_hub, f'train/{wrapper.grad_name}', norm)

    def _judge(self) -> Verdict:
        gradients = {
            name: _share(parameter.grad)
            for name, parameter in self._named
            if parameter.grad is not None
        }
        return Verdict(self._losses, gradients)

    def _judges_on_device(self) -> bool:
        """Whether the optimizer can be handed a verdict that nobody has read."""
        scaler = getattr(self.wrapper, 'loss_scaler', None)
        groups = self.wrapper.optimizer.param_groups
        return all(group.get('fused') for group in groups) and not (scaler and scaler.is_enabled())

    def _step_unless(self, found: Tensor, **kwargs) -> None:
        """Have a fused optimizer take the step if nothing was found."""
        optimizer = self.wrapper.optimizer
        optimizer.found_inf = found
        try:
            self._replaced['step'](**kwargs)
        finally:
            del optimizer.found_inf
        bad = found.bool()
        for now, kept in zip(self._buffers(), self._kept, strict=True):
            now.copy_(torch.where(bad.to(now.device, non_blocking=True), kept, now))
        self._keep_buffers()

    def _buffers(self) -> list[Tensor]:
        return [buffers[name] for buffers, name in self._places]

    def _keep_buffers(self) -> None:
        if self._kept:
            torch._foreach_copy_(self._kept, self._buffers())

    def _restore_buffers(self) -> None:
        if self._kept:
            torch._foreach_copy_(self._buffers(), self._kept)

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
