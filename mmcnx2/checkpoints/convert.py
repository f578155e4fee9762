"""``convert_state_dict``: any dialect of ConvNeXt V2 to any other, without loss."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmcnx2.checkpoints.adapt import adapt
from mmcnx2.checkpoints.dialects import DIALECTS, MMCNX2, Dialect, dialect_for
from mmcnx2.checkpoints.names import rename
from mmcnx2.checkpoints.recognize import Recognized, recognize, some_of
from mmcnx2.checkpoints.unwrap import unwrap
from mmcnx2.checks import check_choice


def convert_state_dict(
    state_dict: Mapping[str, Any],
    to: str = 'mmcnx2',
    *,
    drop_extra: bool = False,
    ema: bool | None = None,
    encoder_prefix: str | None = None,
    num_classes: int | None = None,
    final_norm: bool = False,
    in_channels: int | None = None,
    stem: str | None = None,
    stem_patch_size: int | None = None,
) -> dict[str, Tensor]:
    """Convert a ConvNeXt V2 to another library's names and shapes.

    The dialect is recognized by names and shapes: the official FCMAE on MinkowskiEngine, the
    official dense models, timm, Hugging Face, mmpretrain and mmcnx2; in any of the usual wrappings
    (``model``, ``state_dict``, ``backbone.``, ``encoder.``, ``module.``, EMA); the encoder alone,
    with decoder, or with head. The result fits the other library's model of the same parts. Numbers
    stay as they are to the bit, so there and back is the identity, and converting twice is
    converting once. Nothing is changed in place; tensors that need no change are shared.

    Args:
        state_dict: A model's, or a checkpoint that holds one.
        to: 'mmcnx2', 'mmpretrain', 'official' (dense, for evaluating and resuming),
            'official_sparse' (what its pre-training writes and its ``--finetune`` reads), 'timm' or
            'hf' (Hugging Face).
        drop_extra: Leave out what the target has no place for (a decoder in timm, a detector's
            neck) instead of refusing it.
        ema: Take the averaged weights (True) or the others (False) of a checkpoint with both.
        encoder_prefix: What to put before the encoder's names; None does as the library's own model
            of these parts, which for an encoder alone means nothing.
        num_classes: Number of classes of the head. Another number than it has, or one where there
            is no head, makes a
            head of zeros (every class equally likely); 0 leaves the head out.
        final_norm: Add the norm behind the last stage, with weight 1 and bias 0, as every library
            starts it, where there is none: pre-training has none. timm's models need one.
        in_channels: Channels of the images. Another number than it has needs ``stem``.
        stem: How the stem sees other channels, 'sum', 'repeat' or 'new':
            see :func:`.adapt.adapt_channels`.
        stem_patch_size: Kernel and stride of the stem in pixels. Another one than it has makes the
            same of images at another resolution, see :func:`.adapt.adapt_stem_patch_size`. With the
            stem as it is, weights fit any resolution that the stride of 32 divides.

    Returns:
        Tensors by name.

    Raises:
        ValueError: Unrecognized or ambiguous input, with the keys that made it so; an unknown
            ``to``; something without a place in the target; an argument out of range.
    """
    check_choice(DIALECTS, to=to)
    found = adapt(
        recognize(unwrap(state_dict, ema=ema)),
        num_classes=num_classes,
        final_norm=final_norm,
        in_channels=in_channels,
        stem=stem,
        stem_patch_size=stem_patch_size,
    )
    target = dialect_for(to, found.architecture)
    converted, left = write(found, target, encoder_prefix=encoder_prefix)
    if left and not drop_extra:
        raise ValueError(
            f'{target.title} has no place for {some_of(left)}: leave out what it has no place for '
            'with drop_extra=True (--drop-extra).'
        )
    return converted


def write(
    found: Recognized, target: Dialect, *, encoder_prefix: str | None = None
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Put a recognized state dict into a dialect's words.

    Args:
        found: What was recognized.
        target: The dialect.
        encoder_prefix: As for :func:`convert_state_dict`.

    Returns:
        The state dict, and what the dialect has no place for, under the names that it had.
    """
    # OpenMMLab's other models share the names of mmcnx2 and keep what stands around the encoder.
    shares_names = found.dialect is MMCNX2 and target.encoder is MMCNX2.encoder
    extra = found.extra if shares_names else {}
    left = {} if shares_names else dict(found.extra)
    if encoder_prefix is None:
        contained = bool(extra) or not found.parts.isdisjoint(target.contained_with)
        encoder_prefix = target.container if contained else ''
    last = len(found.architecture.depths) - 1
    converted = {}
    for ours, tensor in found.tensors.items():
        in_encoder = ours.startswith('backbone.')
        rows = target.encoder if in_encoder else target.beside
        name = ours.removeprefix('backbone.')
        for row in rows:
            if theirs := rename(name, row.ours, row.theirs, last=last):
                key = encoder_prefix + theirs if in_encoder else theirs
                converted[key] = row.form.write(tensor)
                break
        else:
            left[found.sources.get(ours, ours)] = tensor
    return converted | extra, left
