"""Comparisons that name the tensor at fault."""

import torch
from torch import Tensor, nn


def assert_close(name: str, expected: Tensor, actual: Tensor, relative: float) -> None:
    """Fail unless ``actual`` lies within ``relative`` of the largest entry of ``expected``."""
    assert actual is not None, f'{name}: missing'
    assert actual.shape == expected.shape, f'{name}: {actual.shape} instead of {expected.shape}'
    error = (actual - expected).abs().max()
    scale = expected.abs().max().clamp_min(1e-30)
    assert error <= relative * scale, (
        f'{name}: differs by {error:.3g}, that is {error / scale:.3g} of its largest entry '
        f'{scale:.3g}; allowed is {relative:.0e}'
    )


def gradients(net: nn.Module, images: Tensor, *args: Tensor) -> dict[str, Tensor]:
    """Run ``net`` forward and backward from a fixed random upstream gradient.

    Returns:
        The output, the images' gradient and each parameter's gradient, by name.
    """
    net.zero_grad(set_to_none=True)
    images = images.clone().requires_grad_()
    output = net(images, *args)
    output = output[0] if isinstance(output, tuple) else output
    generator = torch.Generator().manual_seed(1)
    upstream = torch.randn(output.shape, generator=generator, dtype=output.dtype)
    (output * upstream.to(output.device)).sum().backward()
    found = {'output': output.detach(), 'gradient of images': images.grad}
    for name, parameter in net.named_parameters():
        found[f'gradient of {name}'] = parameter.grad
    return found


def assert_all_close(
    expected: dict[str, Tensor], actual: dict[str, Tensor], relative: float
) -> None:
    """Compare two results of :func:`gradients` tensor by tensor."""
    assert expected.keys() == actual.keys()
    for name, tensor in expected.items():
        if tensor is None:
            assert actual[name] is None, f'{name}: has a value instead of None'
        else:
            assert_close(name, tensor, actual[name], relative)
