"""Deformable attention over several scales with the signatures of ``mmcv._ext``, in plain torch.

mmcv defines it in Python, too, and takes that on a CPU.
"""

from torch import Tensor

from mmcnx2.compat.mmcv_ext.gradients import at_least_float32, pull_back


def ms_deform_attn_forward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    *,
    im2col_step: int,
) -> Tensor:
    """Sample every query's points from the maps and return their weighted sum.

    Args:
        value: Maps of all levels, ``(B, sum of H * W, heads, channels)`` floating.
        spatial_shapes: H and W of each level, int64 ``(levels, 2)``.
        level_start_index: Unused: where each level begins follows from the shapes.
        sampling_locations: ``(B, queries, heads, levels, points, 2)``, x and y in 0..1.
        attention_weights: ``(B, queries, heads, levels, points)``.
        im2col_step: Unused: the batch is computed at once.

    Returns:
        ``(B, queries, heads * channels)`` in the type of ``value``.
    """
    attend = _attention(spatial_shapes)
    inputs = at_least_float32(value, sampling_locations, attention_weights)
    return attend(*inputs).to(value.dtype)


def ms_deform_attn_backward(
    value: Tensor,
    spatial_shapes: Tensor,
    level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_sampling_loc: Tensor,
    grad_attn_weight: Tensor,
    *,
    im2col_step: int,
) -> None:
    """Write the gradients of maps, locations and weights into the tensors given for them.

    Args:
        value: As in the forward.
        spatial_shapes: As in the forward.
        level_start_index: Unused.
        sampling_locations: As in the forward.
        attention_weights: As in the forward.
        grad_output: ``(B, queries, heads * channels)``.
        grad_value: Overwritten.
        grad_sampling_loc: Overwritten.
        grad_attn_weight: Overwritten.
        im2col_step: Unused.
    """
    inputs = (value, sampling_locations, attention_weights)
    found = pull_back(_attention(spatial_shapes), inputs, grad_output)
    for target, grad in zip((grad_value, grad_sampling_loc, grad_attn_weight), found, strict=True):
        target.copy_(grad)


def _attention(spatial_shapes: Tensor):
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch

    shapes = spatial_shapes.tolist()  # fetched from a GPU once, not number by number

    def attend(value: Tensor, locations: Tensor, weights: Tensor) -> Tensor:
        return multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)

    return attend
