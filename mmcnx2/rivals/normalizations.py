"""N(G) of GRN and its rivals: from a channel's number to its weight (paper eq. 2, Table 2b).

The paper divides by the sum over channels and, says its footnote 1, multiplies by their number:
that is, it divides by the mean. The same factor is kept in every operator here that has a sum.
"""

from collections.abc import Callable

from torch import Tensor


def divide_by_mean(aggregate: Tensor, eps: float) -> Tensor:
    """Return ``G_i / (mean_j G_j + eps)``: the paper's choice, divisive normalization.

    Args:
        aggregate: G, ``(..., C)``.
        eps: Keeps the denominator from 0.
    """
    return aggregate / (aggregate.mean(-1, keepdim=True) + eps)


def inverse_mean(aggregate: Tensor, eps: float) -> Tensor:
    """Return ``1 / (mean_j G_j + eps)``, the same for all channels; ``(..., 1)``.

    Args:
        aggregate: G, ``(..., C)``.
        eps: Keeps the denominator from 0.
    """
    return 1 / (aggregate.mean(-1, keepdim=True) + eps)


def standardize(aggregate: Tensor, eps: float) -> Tensor:
    """Return ``(G_i - mu) / (sigma + eps)``, both over channels.

    Args:
        aggregate: G, ``(..., C)``.
        eps: Keeps the denominator from 0.
    """
    centered = aggregate - aggregate.mean(-1, keepdim=True)
    return centered / (aggregate.std(-1, keepdim=True, correction=0) + eps)


def nothing(aggregate: Tensor, eps: float) -> Tensor:
    """Return G as it is (Table 16b).

    Args:
        aggregate: G, ``(..., C)``.
        eps: Unused.
    """
    return aggregate


NORMALIZATIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    'divide_by_mean': divide_by_mean,
    'inverse_mean': inverse_mean,
    'standardize': standardize,
    'nothing': nothing,
}
