"""Deformable convolution, plain and modulated, with the signatures of ``mmcv._ext``.

torchvision computes both. ``N`` images of ``C`` channels, kernels of ``kh x kw``, ``D`` groups of
offsets: ``input (N, C, H, W)``, ``offset (N, 2 D kh kw, h, w)`` with y before x in pixels of the
input, ``mask (N, D kh kw, h, w)``, ``weight (O, C / group, kh, kw)``, ``output (N, O, h, w)``. The
tensors for columns and ones, and the number of images at a time, are not needed.
"""

from functools import partial

from torch import Tensor

from mmcnx2.compat.mmcv_ext.gradients import at_least_float32, pull_back


def deform_conv_forward(
    input: Tensor, weight: Tensor, offset: Tensor, output: Tensor, columns: Tensor, ones: Tensor,
    **shape: int,
) -> None:  # fmt: skip
    """Convolve at shifted sites, into ``output``.

    Args:
        input: Images.
        weight: Kernels.
        offset: Shifts.
        output: Overwritten.
        columns: Unused.
        ones: Unused.
        **shape: ``dH``, ``dW`` (stride), ``padH``, ``padW``, ``dilationH``, ``dilationW``; the
            others follow from the tensors.
    """
    output.copy_(_plain(shape)(*at_least_float32(input, offset, weight)))


def deform_conv_backward_input(
    input: Tensor, offset: Tensor, grad_output: Tensor, grad_input: Tensor, grad_offset: Tensor,
    weight: Tensor, columns: Tensor, **shape: int,
) -> None:  # fmt: skip
    """Write the gradients of images and shifts into ``grad_input`` and ``grad_offset``.

    Args:
        input: Images.
        offset: Shifts.
        grad_output: Gradient of the output.
        grad_input: Overwritten.
        grad_offset: Overwritten.
        weight: Kernels.
        columns: Unused.
        **shape: As in the forward.
    """
    convolve = _plain(shape)
    (kernels,) = at_least_float32(weight)
    found = pull_back(lambda x, at: convolve(x, at, kernels), (input, offset), grad_output)
    grad_input.copy_(found[0])
    grad_offset.copy_(found[1])


def deform_conv_backward_parameters(
    input: Tensor, offset: Tensor, grad_output: Tensor, grad_weight: Tensor, columns: Tensor,
    ones: Tensor, *, scale: float, **shape: int,
) -> None:  # fmt: skip
    """Add ``scale`` times the gradient of the kernels to ``grad_weight``.

    Args:
        input: Images.
        offset: Shifts.
        grad_output: Gradient of the output.
        grad_weight: Added to.
        columns: Unused.
        ones: Unused.
        scale: Factor.
        **shape: As in the forward.
    """
    convolve = partial(_plain(shape), *at_least_float32(input, offset))
    # A convolution is linear in its kernels: any have the same gradient.
    (found,) = pull_back(convolve, (grad_weight,), grad_output)
    grad_weight.add_((scale * found).to(grad_weight.dtype))


def modulated_deform_conv_forward(
    input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor, offset: Tensor, mask: Tensor,
    output: Tensor, columns: Tensor, *, with_bias: bool, **shape: int,
) -> None:  # fmt: skip
    """Convolve at shifted sites, each times its factor, into ``output``.

    Args:
        input: Images.
        weight: Kernels.
        bias: ``(O,)``, or empty.
        ones: Unused.
        offset: Shifts.
        mask: Factors.
        output: Overwritten.
        columns: Unused.
        with_bias: Whether there is a bias.
        **shape: ``stride_h``, ``stride_w``, ``pad_h``, ``pad_w``, ``dilation_h``, ``dilation_w``;
            the others follow from the tensors.
    """
    tensors = (input, offset, mask, weight, *([bias] if with_bias else []))
    output.copy_(_modulated(shape)(*at_least_float32(*tensors)))


def modulated_deform_conv_backward(
    input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor, offset: Tensor, mask: Tensor,
    columns: Tensor, grad_input: Tensor, grad_weight: Tensor, grad_bias: Tensor,
    grad_offset: Tensor, grad_mask: Tensor, grad_output: Tensor, *, with_bias: bool, **shape: int,
) -> None:  # fmt: skip
    """Write all gradients into the tensors given for them.

    Args:
        input: Images.
        weight: Kernels.
        bias: ``(O,)``, or empty.
        ones: Unused.
        offset: Shifts.
        mask: Factors.
        columns: Unused.
        grad_input: Overwritten.
        grad_weight: Overwritten.
        grad_bias: Overwritten if there is a bias.
        grad_offset: Overwritten.
        grad_mask: Overwritten.
        grad_output: Gradient of the output.
        with_bias: Whether there is a bias.
        **shape: As in the forward.
    """
    tensors = (input, offset, mask, weight, *([bias] if with_bias else []))
    targets = (grad_input, grad_offset, grad_mask, grad_weight, *([grad_bias] if with_bias else []))
    found = pull_back(_modulated(shape), tensors, grad_output)
    for target, grad in zip(targets, found, strict=True):
        target.copy_(grad)


def _plain(shape: dict[str, int]):
    from torchvision.ops import deform_conv2d

    return partial(
        deform_conv2d,
        stride=(shape['dH'], shape['dW']),
        padding=(shape['padH'], shape['padW']),
        dilation=(shape['dilationH'], shape['dilationW']),
    )


def _modulated(shape: dict[str, int]):
    from torchvision.ops import deform_conv2d

    stride, padding, dilation = (
        (shape[f'{name}_h'], shape[f'{name}_w']) for name in ('stride', 'pad', 'dilation')
    )

    def convolve(input: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias=None) -> Tensor:
        return deform_conv2d(input, offset, weight, bias, stride, padding, dilation, mask)

    return convolve
