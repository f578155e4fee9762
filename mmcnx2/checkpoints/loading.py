"""What lets ``ConvNeXtV2.load_state_dict`` take every dialect. Needs torch alone."""

import logging

from torch import Tensor, nn

from mmcnx2.checkpoints.dialects import MMCNX2
from mmcnx2.checkpoints.recognize import Recognized, find_dialect, recognize, some_of
from mmcnx2.checkpoints.unwrap import unwrap

logger = logging.getLogger('mmcnx2')


def translate_on_load(module: nn.Module, state_dict: dict[str, Tensor], prefix: str, *_) -> None:
    """Put an encoder's state dict into this package's names: a hook before loading.

    One line of the log says which dialect was recognized, what the encoder misses and what it has
    no use for (a head, a decoder). A state dict in the module's own names passes untouched.

    Args:
        module: The encoder.
        state_dict: Changed in place, at names that begin with ``prefix``.
        prefix: What stands before the encoder's names, nothing where it is loaded alone.

    Raises:
        ValueError: None of the keys is the module's, and no dialect is recognized.
    """
    own = module.state_dict().keys()
    given = {
        key[len(prefix) :]: value for key, value in state_dict.items() if key.startswith(prefix)
    }
    if given.keys() <= own:
        return
    try:
        state = unwrap(given)
        dialect, first_block = find_dialect(state)
        if dialect is MMCNX2 and first_block in own:
            return  # this package's names, and some that this module has not
        found = recognize(state)
    except ValueError as error:
        if own & given.keys():
            return  # torch says what is missing and what is unexpected
        raise ValueError(f'nothing to load into this {type(module).__name__}: {error}') from None
    encoder = {
        name.removeprefix('backbone.'): tensor
        for name, tensor in found.tensors.items()
        if name.startswith('backbone.')
    }
    for key in given:
        del state_dict[prefix + key]
    state_dict.update({prefix + name: tensor for name, tensor in encoder.items()})
    missing = [name for name in own if name not in encoder]
    unused = [key for ours, key in found.sources.items() if not ours.startswith('backbone.')]
    unused += found.extra
    report(found, missing, unused, other_blocks(found, module))


def report(found: Recognized, missing: list[str], unused: list[str], advice: str = '') -> None:
    """Log one line: the dialect, the size, what is missing and what is unused."""
    level = logging.WARNING if missing or unused else logging.INFO
    line = f'{describe(found)}; missing {some_of(missing)}; unused {some_of(unused)}.'
    logger.log(level, f'{line} {advice}'.rstrip())


def describe(found: Recognized) -> str:
    """Return the line of a log that names the dialect."""
    kind = f'ConvNeXt {found.architecture.version}'.rstrip()
    return f'Recognized a {kind} checkpoint, {found.dialect.title}: {found.architecture}'


def other_blocks(found: Recognized, encoder: nn.Module) -> str:
    """Say how to build an encoder whose blocks are of the checkpoint's kind, V1 or V2.

    Returns:
        A sentence, empty where they are.
    """
    own, given = encoder.state_dict().keys(), found.architecture
    grn, layer_scale = 'stages.0.0.grn.gamma' in own, 'stages.0.0.gamma' in own
    if (grn, layer_scale) == (given.use_grn, given.layer_scale):
        return ''
    wanted = given.backbone_arguments()
    return (
        'Its blocks are not of this kind and compute something else here: they need '
        f'use_grn={wanted["use_grn"]}, '
        f'layer_scale_init_value={wanted["layer_scale_init_value"]:g}.'
    )
