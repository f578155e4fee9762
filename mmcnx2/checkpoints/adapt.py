"""Other images and other classes: new stems, norms and heads for weights trained with others."""

from dataclasses import replace

import torch
from torch import Tensor

from mmcnx2.checkpoints.recognize import Recognized

STEMS = ('sum', 'repeat', 'new')
"""Ways of :func:`adapt_channels`."""

_STEM = 'backbone.downsample_layers.0.0.weight'
_HEAD = ('head.fc.weight', 'head.fc.bias')


def adapt(
    found: Recognized,
    *,
    num_classes: int | None = None,
    final_norm: bool = False,
    in_channels: int | None = None,
    stem: str | None = None,
    stem_patch_size: int | None = None,
) -> Recognized:
    """Change a recognized state dict as the arguments of ``convert_state_dict`` say.

    Raises:
        ValueError: An argument is out of range, or the decoder would not fit any more.
    """
    now = found.architecture
    tensors = dict(found.tensors)
    if in_channels not in (None, now.in_channels):
        _refuse_with_decoder(found, f'in_channels={in_channels}')
        tensors[_STEM] = adapt_channels(tensors[_STEM], in_channels, stem)
        now = replace(now, in_channels=in_channels)
    if stem_patch_size not in (None, now.stem_patch_size):
        _refuse_with_decoder(found, f'stem_patch_size={stem_patch_size}')
        tensors[_STEM] = adapt_stem_patch_size(tensors[_STEM], stem_patch_size)
        now = replace(now, stem_patch_size=stem_patch_size)
    if num_classes not in (None, now.num_classes):
        if num_classes < 0:
            raise ValueError(f'num_classes={num_classes} must be 0 (no head) or more.')
        for name in _HEAD:
            tensors.pop(name, None)
        if num_classes:
            like = tensors[_STEM]
            shapes = ((num_classes, now.channels[-1]), (num_classes,))
            for name, shape in zip(_HEAD, shapes, strict=True):
                tensors[name] = like.new_zeros(shape)
        now = replace(now, num_classes=num_classes)
    if final_norm:
        norm = f'backbone.norm{len(now.depths) - 1}.'
        like = tensors[_STEM].new_ones(now.channels[-1])
        tensors = {norm + 'weight': like, norm + 'bias': like * 0} | tensors
    return replace(found, architecture=now, tensors=tensors)


def adapt_channels(weight: Tensor, in_channels: int, how: str | None) -> Tensor:
    """Let a stem see images of another number of channels.

    Args:
        weight: ``(out, old, p, p)``.
        in_channels: The new number.
        how: 'sum': each new channel gets the mean response, the sum over the old channels divided
            by ``in_channels``, so gray images in the new channels give what gray images gave.
            'repeat': the new channels take the old ones in turn (red, green, blue, red, ...), each
            scaled by ``old / in_channels``, so an image repeated twice gives what it gave once.
            'new': the first channels are the old ones, and what comes after them starts at zero and
            is learnt, so an image gives what it gave without the new channels.

    Returns:
        ``(out, in_channels, p, p)``.

    Raises:
        ValueError: ``how`` is none of them, or 'repeat' or 'new' has fewer channels than before.
    """
    old = weight.shape[1]
    if in_channels < 1:
        raise ValueError(f'in_channels={in_channels} must be 1 or more.')
    if how == 'sum':
        return (weight.sum(1, keepdim=True) / in_channels).repeat(1, in_channels, 1, 1)
    if how == 'repeat' and in_channels > old:
        turns = torch.arange(in_channels, device=weight.device) % old
        return weight[:, turns] * (old / in_channels)
    if how == 'new' and in_channels > old:
        return torch.cat(
            [weight, torch.zeros_like(weight[:, :1]).repeat(1, in_channels - old, 1, 1)], 1
        )
    if how in ('repeat', 'new'):
        raise ValueError(
            f"stem='{how}' makes more channels of {old}, not {in_channels}: use stem='sum'."
        )
    raise ValueError(
        f'in_channels={in_channels} differs from the {old} of the checkpoint and stem={how!r} does '
        "not say how to see them: use stem='sum', stem='repeat' or stem='new'."
    )


def adapt_stem_patch_size(weight: Tensor, patch_size: int) -> Tensor:
    """Move a stem to another resolution, where a feature covers another number of pixels.

    To a smaller patch, the new stem computes of an image what the old one computes of the image
    enlarged by repeating pixels; to a larger one, of the image reduced by averaging. Both exactly:
    resizing is linear, so it can be done to the kernel.

    Args:
        weight: ``(out, in, p, p)``.
        patch_size: The new p; it divides the old one or is a multiple of it.

    Returns:
        ``(out, in, patch_size, patch_size)``.

    Raises:
        ValueError: Neither divides the other.
    """
    old = weight.shape[-1]
    if patch_size < 1 or (old % patch_size and patch_size % old):
        raise ValueError(
            f'stem_patch_size={patch_size} neither divides nor is a multiple of the {old} of the '
            'checkpoint: kernels of other sizes have no exact counterpart.'
        )
    if patch_size < old:
        factor = old // patch_size
        return weight.unflatten(3, (-1, factor)).unflatten(2, (-1, factor)).sum((3, 5))
    factor = patch_size // old
    spread = weight.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    return spread / factor**2


def _refuse_with_decoder(found: Recognized, argument: str) -> None:
    if 'decoder' in found.parts:
        raise ValueError(
            f'{argument} does not fit the decoder in the checkpoint, which predicts pixels of the '
            'images that it was trained on: give the keys of the encoder alone.'
        )
