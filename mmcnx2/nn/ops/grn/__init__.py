"""Global Response Normalization of rows, in as few passes over them as each machine allows.

``naive`` is the definition. In plain torch, ``closed_form`` has its backward written out and
``folded`` makes it one with the linear layer behind it; ``fused_triton`` makes it one with the GELU
before it. Which of them computes is decided here and nowhere else.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.nn.ops.grn import naive
from mmcnx2.nn.ops.grn.closed_form import grn
from mmcnx2.nn.ops.grn.folded import grn_linear
from mmcnx2.nn.ops.transforms import needs_plain_torch

__all__ = ['gelu_grn', 'gelu_grn_linear']


def gelu_grn(x: Tensor, gamma: Tensor, beta: Tensor, eps: float, *, ops: str) -> Tensor:
    """Return GRN of ``GELU(x)``.

    Args:
        x: ``(N, T, C)``, the sites of N images.
        gamma: ``(C,)``.
        beta: ``(C,)``.
        eps: Added to the mean norm.
        ops: 'triton', or anything else for plain torch.
    """
    if needs_plain_torch(x):
        return naive.grn(F.gelu(x), gamma, beta, eps)
    if ops == 'triton':
        from mmcnx2.nn.ops.grn.fused_triton import gelu_grn as fused

        return fused(x, gamma, beta, eps)
    return grn(F.gelu(x), gamma, beta, eps)


def gelu_grn_linear(
    x: Tensor, gamma: Tensor, beta: Tensor, eps: float, weight: Tensor, bias: Tensor, *, ops: str
) -> Tensor:
    """Return a linear layer of :func:`gelu_grn`.

    Args:
        x: ``(N, T, C_in)``, the sites of N images.
        gamma: ``(C_in,)``.
        beta: ``(C_in,)``.
        eps: Added to the mean norm.
        weight: ``(C_out, C_in)``.
        bias: ``(C_out,)``.
        ops: 'triton', or anything else for plain torch.
    """
    # Weights an image would be more work than few rows are; an export has one path for all sizes.
    # To torch's compiler, torch.compile is an export, too: it gets the two in turn.
    in_turn = ops == 'triton' or torch.compiler.is_exporting() or needs_plain_torch(x)
    if in_turn or x.shape[1] <= weight.shape[0]:
        return F.linear(gelu_grn(x, gamma, beta, eps, ops=ops), weight, bias)
    return grn_linear(F.gelu(x), gamma, beta, eps, weight, bias)
