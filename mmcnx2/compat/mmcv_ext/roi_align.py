"""RoIAlign (average) with the signatures of ``mmcv._ext``, by torchvision's operators.

torchvision's operators are called below their public function, which has no place for mmcv's split
into a forward that fills a given tensor and a backward of its own.
"""

import torch
from torch import Tensor

AVERAGE = 1


def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Pool every region of interest to a fixed size, into ``output``.

    Args:
        input: ``(N, C, H, W)`` floating.
        rois: ``(R, 5)``: index into N, then x1, y1, x2, y2 in pixels of the image.
        output: ``(R, C, aligned_height, aligned_width)``, overwritten.
        argmax_y: Unused (max mode only).
        argmax_x: Unused (max mode only).
        aligned_height: Rows of the output.
        aligned_width: Columns of the output.
        spatial_scale: Size of ``input`` over size of the image.
        sampling_ratio: Samples a bin and axis; 0 = as many as the bin has pixels.
        pool_mode: 1 (average).
        aligned: Whether pixel centers lie at half integers.

    Raises:
        NotImplementedError: ``pool_mode`` is not average.
    """
    _load_operators(pool_mode)
    dtype = _compute_dtype(input)
    output.copy_(
        torch.ops.torchvision.roi_align(
            input.to(dtype),
            rois.to(dtype),
            spatial_scale,
            aligned_height,
            aligned_width,
            sampling_ratio,
            aligned,
        )
    )


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Spread the output's gradient back over the input, into ``grad_input``.

    Args:
        grad_output: ``(R, C, aligned_height, aligned_width)`` floating.
        rois: As in the forward.
        argmax_y: Unused (max mode only).
        argmax_x: Unused (max mode only).
        grad_input: ``(N, C, H, W)``, overwritten.
        aligned_height: As in the forward.
        aligned_width: As in the forward.
        spatial_scale: As in the forward.
        sampling_ratio: As in the forward.
        pool_mode: As in the forward.
        aligned: As in the forward.

    Raises:
        NotImplementedError: ``pool_mode`` is not average.
    """
    _load_operators(pool_mode)
    dtype = _compute_dtype(grad_output)
    grad_input.copy_(
        torch.ops.torchvision._roi_align_backward(
            grad_output.to(dtype),
            rois.to(dtype),
            spatial_scale,
            aligned_height,
            aligned_width,
            *grad_input.shape,
            sampling_ratio,
            aligned,
        )
    )


def _load_operators(pool_mode: int) -> None:
    """Register torchvision's operators, and refuse what they cannot do."""
    import torchvision.ops  # noqa: F401  (registers torch.ops.torchvision)

    if pool_mode != AVERAGE:
        raise NotImplementedError(
            "mmcv's operator 'roi_align' in pool_mode='max' is compiled code that mmcv-lite does "
            "not have: use pool_mode='avg', or install mmcv 2.1.0 built for your torch."
        )


def _compute_dtype(tensor: Tensor) -> torch.dtype:
    """Half types hold too few digits for pixel coordinates: compute in float32 at least."""
    return torch.promote_types(tensor.dtype, torch.float32)
