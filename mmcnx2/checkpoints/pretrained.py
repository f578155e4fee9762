"""What an encoder must be built with for the weights of a file, an address or a published name."""

from pathlib import Path
from typing import Any

from torch import nn

from mmcnx2.checkpoints.dialects import MMCNX2
from mmcnx2.checkpoints.files import CheckpointError, read_checkpoint
from mmcnx2.checkpoints.loading import report
from mmcnx2.checkpoints.published import find_file
from mmcnx2.checkpoints.recognize import Recognized, recognize, some_of
from mmcnx2.checkpoints.unwrap import unwrap


def read_backbone_arguments(source: str | Path) -> dict[str, Any]:
    """Return the arguments with which ``ConvNeXtV2`` takes a checkpoint's encoder as it is.

    Args:
        source: Path, address or published name of a checkpoint of any library, V1 or V2.

    Returns:
        ``arch`` (a key of ``ARCHS`` or ``dict(depths=..., channels=...)``), ``in_channels``,
        ``stem_patch_size``, ``use_grn`` and ``layer_scale_init_value``.

    Raises:
        CheckpointError: See :func:`read_pretrained`.
    """
    found = read_pretrained(source, verify=False, mmap=True)  # held against its hash when it loads
    return found.architecture.backbone_arguments()


def read_pretrained(source: str | Path, *, verify: bool = True, mmap: bool = False) -> Recognized:
    """Read the weights of a ConvNeXt, V1 or V2, of any library.

    Args:
        source: Path, address or published name.
        verify: As for :func:`.files.read_checkpoint`, as is ``mmap``.

    Raises:
        CheckpointError: It cannot be fetched or read, or holds no ConvNeXt, or one whose blocks
            are neither V1's nor V2's.
    """
    contents = read_checkpoint(find_file(source), verify=verify, mmap=mmap)
    try:
        found = recognize(unwrap(contents))
        refuse_rivals(found)
    except ValueError as error:
        raise CheckpointError(f"checkpoint '{source}' is not taken, because {error}") from None
    return found


def refuse_rivals(found: Recognized) -> None:
    """Refuse blocks of the paper's ablations, which have parameters of their own.

    Raises:
        ValueError: There are such.
    """
    rival = [key for key in found.extra if key.startswith(('stages.', 'backbone.stages.'))]
    if rival:
        raise ValueError(
            f'blocks of the checkpoint hold {some_of(rival)}, which neither V1 nor V2 has: give '
            'the config that it was trained with.'
        )


def load_into(encoder: nn.Module, found: Recognized, source: str | Path) -> nn.Module:
    """Load a checkpoint's encoder, and say in one line what was loaded.

    Args:
        encoder: A ``ConvNeXtV2``. Norms of its maps that the checkpoint has not stay as they are.
        found: Of :func:`read_pretrained`.
        source: What it was read from, for messages.

    Returns:
        ``encoder``.

    Raises:
        CheckpointError: Something other than norms is missing, left over, or of another shape.
    """
    prefix = MMCNX2.container
    given = {k.removeprefix(prefix): v for k, v in found.tensors.items() if k.startswith(prefix)}
    own = encoder.state_dict()
    missing = [name for name in own if name not in given]
    unused = [name for name in given if name not in own]
    wrong = [name for name in missing + unused if not name.startswith('norm')]
    wrong += [name for name in own.keys() & given if own[name].shape != given[name].shape]
    if wrong:
        raise CheckpointError(
            f"checkpoint '{source}' does not fit the arguments that were given, by "
            f'{some_of(sorted(wrong))}: its own are {found.architecture.backbone_arguments()}.'
        )
    encoder.load_state_dict({name: given[name] for name in own if name in given}, strict=False)
    report(found, missing, unused)
    return encoder
