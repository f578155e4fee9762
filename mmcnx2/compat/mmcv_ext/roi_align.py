"""RoIAlign (average) with the signatures of ``mmcv._ext``, by torchvision's public function."""

from torch import Tensor

from mmcnx2.compat.mmcv_ext.gradients import at_least_float32, pull_back

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
    pool = _pooling(
        rois, pool_mode, (aligned_height, aligned_width), spatial_scale, sampling_ratio, aligned
    )
    output.copy_(pool(*at_least_float32(input)))


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
    pool = _pooling(
        rois, pool_mode, (aligned_height, aligned_width), spatial_scale, sampling_ratio, aligned
    )
    # Pooling is linear: features of zeros, which take no memory, have the same gradient.
    features = grad_input.new_zeros(()).expand(grad_input.shape)
    grad_input.copy_(pull_back(pool, (features,), grad_output)[0])


def _pooling(
    rois: Tensor,
    pool_mode: int,
    output_size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
):
    """Return torchvision's function of the features alone; refuse what it cannot do."""
    from torchvision.ops import roi_align

    if pool_mode != AVERAGE:
        raise NotImplementedError(
            "mmcv's operator 'roi_align' in pool_mode='max' is compiled code that mmcv-lite does "
            "not have: use pool_mode='avg', or install mmcv 2.1.0 built for your torch."
        )

    def pool(features: Tensor) -> Tensor:
        places = rois.to(features.dtype)
        return roi_align(features, places, output_size, spatial_scale, sampling_ratio, aligned)

    return pool
