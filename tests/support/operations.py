"""One operation, its inputs by name, and each one's gradient: what tests of ``ops`` compare."""

from collections.abc import Callable, Mapping

import torch
from gpu.poison import poisoned
from torch import Tensor


def draw(*shape: int, seed: int) -> Tensor:
    """Draw float64 normal numbers that depend on shape and seed alone."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def results(
    function: Callable[..., Tensor],
    inputs: Mapping[str, Tensor],
    *,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = 'cpu',
) -> dict[str, Tensor]:
    """Run forward, and backward from a fixed random upstream gradient, in poisoned memory.

    Args:
        function: Takes the inputs in order.
        inputs: Float64, by name; the first is cast to ``dtype``, the others at least to float32.
        dtype: Of the features.
        device: To run on.

    Returns:
        The output and each input's gradient, by name, in float64 on the CPU.
    """
    wide = torch.promote_types(dtype, torch.float32)
    leaves = {
        name: tensor.to(device, wide if i else dtype).requires_grad_()
        for i, (name, tensor) in enumerate(inputs.items())
    }
    with poisoned():
        output = function(*leaves.values())
        assert output.dtype == dtype, f'the output is {output.dtype} instead of {dtype}'
        upstream = draw(*output.shape, seed=99).to(output)
        output.backward(upstream)
    found = {'output': output.detach()}
    found |= {f'gradient of {name}': leaf.grad for name, leaf in leaves.items()}
    return {name: tensor.double().cpu() for name, tensor in found.items()}
