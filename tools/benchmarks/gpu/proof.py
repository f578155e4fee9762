"""Show that a kernel computes its definition: against float64, in poisoned memory, twice alike."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gpu.case import Case
from gpu.poison import poisoned
from gpu.row import Row

LIMITS = {torch.float32: 5e-6, torch.bfloat16: 8e-3, torch.float16: 1e-3}
"""Largest distance from the truth, by the precision of a result, as a share of its norm."""


def prove(case: Case, dtype: torch.dtype) -> Row:
    """Compare outputs and every gradient with those of the definition in float64.

    The definition is given the rounded inputs, so that the kernel's own error counts and no other.

    Args:
        case: Its inputs lie on the device to run on.
        dtype: Of the features; one of :data:`LIMITS`.
    """
    given = [
        tensor.to(torch.float32 if i else dtype) if tensor.is_floating_point() else tensor
        for i, tensor in enumerate(case.inputs.values())
    ]
    exact = [tensor.double() if tensor.is_floating_point() else tensor for tensor in given]
    truth = outcome(case.naive, exact, dtype, case.differentiable)
    # As in training.
    device, half = given[0].device.type, dtype != torch.float32
    with torch.autocast(device, dtype if half else torch.bfloat16, enabled=half):
        found, again = (outcome(case.fast, given, dtype, case.differentiable) for _ in range(2))
    names = ['output', *(f'gradient of {name}' for name in case.inputs)][: len(found)]
    errors = {
        name: relative_error(ours, theirs) / LIMITS[ours.dtype]
        for name, ours, theirs in zip(names, found, truth, strict=True)
    }
    worst = max(errors, key=lambda name: (errors[name] != errors[name], errors[name]))
    same = all(torch.equal(one, other) for one, other in zip(found, again, strict=True))
    right = errors[worst] <= 1 and same  # NaN is not
    ours = found[names.index(worst)]
    return Row(
        case.name,
        dict(
            dtype=str(dtype).removeprefix('torch.'),
            error=errors[worst] * LIMITS[ours.dtype],
            of=worst,
            bits='the same twice' if same else 'not the same twice',
        ),
        'ok' if right else 'WRONG',
    )


def outcome(
    function: Callable[..., Tensor],
    inputs: Sequence[Tensor],
    dtype: torch.dtype,
    differentiable: bool = True,
) -> list[Tensor]:
    """Return an output and the gradients of the inputs, computed in poisoned memory.

    Args:
        function: Of the inputs.
        inputs: Features and parameters.
        dtype: What the gradient of the output is rounded to.
        differentiable: False for the output alone.
    """
    leaves = [tensor.detach().clone().requires_grad_(differentiable) for tensor in inputs]
    with poisoned():
        output = function(*leaves)
        if not differentiable:
            return [output]
        generator = torch.Generator().manual_seed(99)
        upstream = torch.randn(output.shape, generator=generator).to(output.device, dtype)
        output.backward(upstream.to(output.dtype))
    return [output.detach(), *(leaf.grad for leaf in leaves)]


def relative_error(found: Tensor, truth: Tensor) -> float:
    """Return the norm of the difference over that of the truth; NaN if anything is."""
    found, truth = found.detach().double(), truth.detach().double()
    return ((found - truth).norm() / truth.norm().clamp_min(1e-30)).item()
