"""The weight gradient of a depthwise convolution, as matrix products over windows.

On a CPU, oneDNN's own takes longer than its forward: it walks over a large map once a tap. Per
channel, the products of every site of a block with every site of the window around it are one
matrix product that sums over all blocks, and each tap adds up one of its diagonals. That computes
more than is wanted, up to four times, at the speed of a matrix product. Compilers see one
operation: they cannot follow the diagonals.
"""

import torch
from torch import Tensor


def pays(side: int, kernel_size: int) -> bool:
    """Tell whether products over windows of blocks of ``side`` sites beat oneDNN.

    Single sites make vectors of the matrices, and wide blocks waste most of the products.
    """
    return side > 1 and side + kernel_size - 1 <= 2 * kernel_size


@torch.library.custom_op('mmcnx2::packed_depthwise_weight_gradient', mutates_args=())
def weight_gradient(rows: Tensor, grad: Tensor, windows: Tensor, kernel_size: int) -> Tensor:
    """Return ``dL/dweight``, ``(C, 1, k, k)``, in the dtype of ``rows``.

    Args:
        rows: ``(R, C)``, the convolution's input: blocks of b x b sites, row-major.
        grad: ``(R, C)``, the gradient of its output, in the same order.
        windows: Int64 ``(M, b + k - 1, b + k - 1)``, the row at each site around each of the M
            blocks, R where there is none.
        kernel_size: k, odd.
    """
    blocks, span, _ = windows.shape
    channels, side = rows.shape[1], span - kernel_size + 1
    # Channels first, so that a window is gathered within one channel's short line.
    lines = torch.cat([rows.t(), rows.new_zeros(channels, 1)], dim=1)
    seen = lines.index_select(1, windows.flatten()).view(channels, blocks, span * span)
    wanted = grad.view(blocks, side * side, channels).permute(2, 1, 0).contiguous()
    products = torch.bmm(wanted, seen)  # (C, b * b, span * span)
    # Tap (i, j) of site (y, x) meets window site (y + i, x + j): a diagonal for each tap.
    window = span * span
    diagonals = products.as_strided(
        (channels, kernel_size, kernel_size, side, side),
        (side * side * window, span, 1, side * window + span, window + 1),
    )
    wide = torch.promote_types(rows.dtype, torch.float32)
    return diagonals.sum((3, 4), dtype=wide).unsqueeze(1).to(rows.dtype)


@weight_gradient.register_fake
def _(rows, grad, windows, kernel_size):
    return rows.new_empty(rows.shape[1], 1, kernel_size, kernel_size)
