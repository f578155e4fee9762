"""The focal loss of sigmoids with the signatures of ``mmcv._ext``, by torchvision.

Its gradient is written out, where autograd through torchvision's would give NaN for an exponent
below 1 and a probability that rounds to 0 or 1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.compat.mmcv_ext.gradients import at_least_float32


def sigmoid_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, *, gamma: float, alpha: float
) -> None:
    """Write the loss of every class of every row into ``output``.

    It is ``-alpha (1 - p)^gamma log(p)`` for the row's class and ``-(1 - alpha) p^gamma
    log(1 - p)`` for the others, where ``p`` is the sigmoid of the logit.

    Args:
        input: Logits, ``(N, C)`` floating.
        target: Class of each row, int64 ``(N,)``; C is the background.
        weight: Weight of each class, ``(C,)``, of which a row takes its own; or empty: all 1.
        output: ``(N, C)``, overwritten.
        gamma: Exponent.
        alpha: Share of the row's class, 0..1.

    Raises:
        ValueError: There are weights, and a row is background, which has none.
    """
    from torchvision.ops import sigmoid_focal_loss

    (logits,) = at_least_float32(input)
    hits = _hits(input, target).to(logits.dtype)
    # A negative alpha has torchvision leave the shares out; mmcv takes any number for one.
    loss = sigmoid_focal_loss(logits, hits, alpha=-1, gamma=gamma)
    output.copy_(loss * _shares(hits, alpha) * _weights(input, target, weight))


def sigmoid_focal_loss_backward(
    input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, *, gamma: float, alpha: float
) -> None:
    """Write the derivative of every loss by its logit into ``grad_input``, ``(N, C)``.

    Args:
        input: As in the forward.
        target: As in the forward.
        weight: As in the forward.
        grad_input: Overwritten.
        gamma: As in the forward.
        alpha: As in the forward.

    Raises:
        ValueError: As in the forward.
    """
    (logits,) = at_least_float32(input)
    hits = _hits(input, target)
    # Of the row's class, and by symmetry of the others with the logit turned round.
    turned = torch.where(hits, logits, -logits)
    right, wrong = turned.sigmoid(), (-turned).sigmoid()
    slope = wrong.pow(gamma) * (gamma * right * F.logsigmoid(turned) - wrong)
    slope = torch.where(hits, slope, -slope)
    shares = _shares(hits.to(logits.dtype), alpha)
    grad_input.copy_(slope * shares * _weights(input, target, weight))


def _hits(input: Tensor, target: Tensor) -> Tensor:
    """Where a class is the row's own, bool ``(N, C)``."""
    return target[:, None] == torch.arange(input.shape[1], device=input.device)


def _shares(hits: Tensor, alpha: float) -> Tensor:
    return alpha * hits + (1 - alpha) * (1 - hits)


def _weights(input: Tensor, target: Tensor, weight: Tensor) -> Tensor | float:
    """Weight of each row, ``(N, 1)``, or 1."""
    if not weight.numel():
        return 1.0
    if bool((target >= input.shape[1]).any() | (target < 0).any()):
        raise ValueError(
            f"sigmoid_focal_loss takes a row's weight by its class, and a row of class "
            f'{int(target.max())} has none among {input.shape[1]}: give weight=None and weigh the '
            'loss by row.'
        )
    return at_least_float32(weight)[0][target][:, None]
