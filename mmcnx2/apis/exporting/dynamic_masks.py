"""RTMDet-Ins's masks: a small network for each object, whose weights were found at its site."""

import torch
import torch.nn.functional as F
from mmdet.models.dense_heads import RTMDetInsHead
from torch import Tensor

UNIT = 8
"""Sites of an object's own level that count as 1 in the distances that its network sees."""


def draw_masks(
    head: RTMDetInsHead, features: Tensor, kernels: Tensor, points: Tensor, strides: Tensor
) -> Tensor:
    """Return the probability of each pixel, ``(K, rows, columns)``, padding included.

    What mmdet does by a convolution of as many groups as there are objects, which ONNX must know
    beforehand, products of matrices do.

    Args:
        head: Has the shapes of the networks.
        features: Of the picture, ``(P, h, w)``.
        kernels: Weights of each object's network, then its biases, ``(K, num_gen_params)``.
        points: Where each object was found, x and y in pixels, ``(K, 2)``.
        strides: Of the maps that it was found in, in pixels, ``(K,)``.
    """
    h, w = features.shape[1:]
    sites = head.prior_generator.single_level_grid_priors(
        (h, w), level_idx=0, device=features.device
    )
    distances = (points[:, None] - sites) / (UNIT * strides[:, None, None])
    seen = features.flatten(1).transpose(0, 1).expand(points.shape[0], -1, -1)
    x = torch.cat([distances, seen], -1)
    parts = kernels.split([*head.weight_nums, *head.bias_nums], dim=1)
    layers = len(head.weight_nums)
    for i, (weight, bias) in enumerate(zip(parts[:layers], parts[layers:], strict=True)):
        x = (F.relu(x) if i else x) @ weight.unflatten(1, (bias.shape[1], -1)).transpose(1, 2)
        x = x + bias[:, None]
    logits = x.transpose(1, 2).unflatten(2, (h, w))
    stride = head.prior_generator.strides[0][0]
    return F.interpolate(logits, scale_factor=stride, mode='bilinear')[:, 0].sigmoid()
