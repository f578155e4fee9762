"""What lets mmengine's ``load_from``, ``init_cfg`` and ``load_checkpoint`` take every dialect.

mmengine has an interface for reading files (``CheckpointLoader.register_scheme``), used here, but
none between reading and loading, where the names would have to change and the model is known. So
three of its functions are replaced by ones that do the same and one thing more. Models without a
``ConvNeXtV2`` are loaded as before.
"""

import logging
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import checkpoint as mmengine_checkpoint
from torch import nn

from mmcnx2.checkpoints.convert import write
from mmcnx2.checkpoints.dialects import MMCNX2
from mmcnx2.checkpoints.files import CheckpointError, read_checkpoint
from mmcnx2.checkpoints.loading import describe, other_blocks
from mmcnx2.checkpoints.published import find_file, is_remote
from mmcnx2.checkpoints.recognize import find_dialect, recognize
from mmcnx2.checkpoints.untrained import LoadedParameters
from mmcnx2.checkpoints.unwrap import AVERAGED, WEIGHTS, unwrap
from mmcnx2.nn.convnextv2 import ConvNeXtV2

_load_state_dict = mmengine_checkpoint.load_state_dict


def install() -> None:
    """Teach mmengine's functions (idempotent)."""
    loader = mmengine_checkpoint.CheckpointLoader
    loader.register_scheme('', load_from_local, force=True)
    loader.register_scheme(('http://', 'https://'), load_from_http, force=True)
    # Names such as torchvision://resnet50 lead to addresses, too.
    mmengine_checkpoint.load_from_http = load_from_http
    mmengine_checkpoint.load_state_dict = load_state_dict
    mmengine_checkpoint._load_checkpoint_with_prefix = load_checkpoint_with_prefix


def load_from_local(filename: str, map_location: Any) -> Mapping[str, Any]:
    """Read a file, ``.safetensors`` too, or fetch the published weights of that name.

    Raises:
        CheckpointError: See :func:`.files.read_checkpoint`; or it holds weights and their average.
    """
    if is_remote(filename):
        return load_from_http(filename, map_location)
    checkpoint = read_checkpoint(find_file(filename), map_location=map_location)
    try:
        return _with_state_dict(checkpoint)
    except ValueError as error:
        raise CheckpointError(f"checkpoint '{filename}' is ambiguous: {error}") from None


def load_from_http(filename: str, map_location: Any = None) -> Mapping[str, Any]:
    """Fetch a file once a machine and read it, which mmengine would do with any code in it.

    Args:
        filename: Address or published name.
        map_location: As for :func:`torch.load`.

    Raises:
        CheckpointError: The main process cannot fetch it, in all processes; see also
            :func:`.downloads.download` and :func:`load_from_local`.
    """
    failure = [CheckpointError(f"checkpoint '{filename}' is not there: its download failed.")]
    try:
        if is_main_process():
            find_file(filename)
            failure = [None]
    except CheckpointError as error:
        failure = [error]
    finally:  # whatever happened: the others wait
        broadcast_object_list(failure)
    if failure[0] is not None:
        raise failure[0]
    return load_from_local(str(find_file(filename)), map_location)


def load_state_dict(
    module: nn.Module, state_dict: Mapping[str, Any], strict: bool = False, logger=None
) -> None:
    """Load weights in any dialect; mmengine lists the keys that are missing or unused.

    Norms behind the stages, which pre-training has none of, are no such keys: they start new.
    Where weights behind the encoder are missing, the model can be trained, and raises
    :class:`.UntrainedError` if it is to predict before that.

    Args:
        module: The model, or its backbone.
        state_dict: Tensors by name.
        strict: Refuse missing and unused keys instead of listing them.
        logger: As mmengine takes it.

    Raises:
        CheckpointError: The model has a ``ConvNeXtV2``, none of the keys is the model's, and no
            dialect is recognized.
    """
    model = _inner(module)
    prefix = _prefix_of_encoder(model)
    if prefix is None:
        _load_state_dict(module, state_dict, strict, logger)
        return
    state_dict = _translate(model, state_dict, prefix, logger)
    if not strict:
        state_dict = _with_new_norms(model, state_dict, prefix, logger)
    loaded = LoadedParameters(model, prefix)
    _load_state_dict(module, state_dict, strict, logger)
    loaded.guard_others()


def load_checkpoint_with_prefix(
    prefix: str, filename: str, map_location: Any = None
) -> Mapping[str, Any]:
    """Return a file's tensors below a prefix of this package's whole model, without the prefix.

    A file in another dialect has no such names: of it, what they would be is returned.

    Args:
        prefix: Such as ``backbone.`` or, for FCMAE's decoder, ``neck.``.
        filename: Path or address.
        map_location: As for :func:`torch.load`.

    Raises:
        CheckpointError: There is nothing below the prefix.
    """
    checkpoint = mmengine_checkpoint._load_checkpoint(
        filename, map_location=map_location, logger='current'
    )
    state_dict = checkpoint.get('state_dict', checkpoint)
    prefix = prefix if prefix.endswith('.') else f'{prefix}.'
    chosen = _below(prefix, state_dict)
    if not chosen:
        try:
            if prefix == MMCNX2.container:
                find_dialect(unwrap(state_dict))
                return state_dict  # load_state_dict does the rest
            found = recognize(unwrap(state_dict))
        except ValueError as error:
            raise _without(prefix, filename, f': {error}') from None
        print_log(f'{describe(found)}.', logger='current')
        chosen = _below(prefix, write(found, MMCNX2)[0])
    if not chosen:
        raise _without(prefix, filename, '.')
    return chosen


def _without(prefix: str, filename: str, why: str) -> CheckpointError:
    return CheckpointError(f"checkpoint '{filename}' has nothing below '{prefix}'{why}")


def _below(prefix: str, state_dict: Mapping[str, Any]) -> dict[str, Any]:
    return {k[len(prefix) :]: v for k, v in state_dict.items() if k.startswith(prefix)}


def _inner(module: nn.Module) -> nn.Module:
    """Look through what mmengine looks through: DDP and test-time augmentation."""
    while is_model_wrapper(module) or isinstance(module, BaseTTAModel):
        module = module.module
    return module


def _prefix_of_encoder(module: nn.Module) -> str | None:
    """Return what stands before the names of the only encoder, None if there is not one."""
    names = [name for name, child in module.named_modules() if isinstance(child, ConvNeXtV2)]
    if len(names) != 1:
        return None
    return f'{names[0]}.' if names[0] else ''


def _translate(
    module: nn.Module, state_dict: Mapping[str, Any], prefix: str, logger
) -> Mapping[str, Any]:
    try:
        found = recognize(unwrap(state_dict))
    except ValueError as error:
        if module.state_dict().keys() & state_dict.keys():
            return state_dict  # mmengine says what is missing and what is unexpected
        raise CheckpointError(
            f'the checkpoint has nothing to load into this {type(module).__name__}: {error}'
        ) from None
    # The runner gives no logger, but its log must say so too.
    print_log(f'{describe(found)}.', logger=logger or 'current')
    state_dict = _without_other_pixels(module, state_dict, logger)
    if advice := other_blocks(found, module.get_submodule(prefix.removesuffix('.'))):
        print_log(advice, logger=logger or 'current', level=logging.WARNING)
    if found.dialect is MMCNX2 and found.prefix == prefix:
        return state_dict
    converted, left = write(found, MMCNX2, encoder_prefix=prefix)
    return converted | left


def _with_new_norms(
    module: nn.Module, state_dict: Mapping[str, Any], prefix: str, logger
) -> Mapping[str, Any]:
    """Add the encoder's norms behind its stages as they are, where the weights have none."""
    new = {
        name: tensor
        for name, tensor in module.state_dict().items()
        if re.fullmatch(rf'{re.escape(prefix)}norm\d\.\w+', name) and name not in state_dict
    }
    if not new or not any(name.startswith(f'{prefix}stages.') for name in state_dict):
        return state_dict
    norms = sorted({name.rpartition('.')[0] for name in new})
    print_log(
        f'{", ".join(norms)}, of which the weights have none, start new.',
        logger=logger or 'current',
    )
    whole = OrderedDict(state_dict, **new)
    whole._metadata = getattr(state_dict, '_metadata', None)  # versions of its modules
    return whole


def _without_other_pixels(
    module: nn.Module, state_dict: Mapping[str, Any], logger
) -> Mapping[str, Any]:
    """Leave out what predicts pixels of other channels, where the encoder is told to see them."""
    wanted = {name: tensor.shape for name, tensor in module.state_dict().items()}
    others = [
        name
        for name, tensor in state_dict.items()
        if name.startswith('neck.pred.') and wanted.get(name, tensor.shape) != tensor.shape
    ]
    encoder = next(child for child in module.modules() if isinstance(child, ConvNeXtV2))
    if not others or not encoder.stem:
        return state_dict
    print_log(
        f'{", ".join(others)} predict pixels of other channels and start new.',
        logger=logger or 'current',
    )
    return {name: tensor for name, tensor in state_dict.items() if name not in others}


def _with_state_dict(checkpoint: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put a ConvNeXt V2's weights where mmengine and its hooks look for them."""
    if 'state_dict' in checkpoint and 'state_dict_ema' not in checkpoint:
        return checkpoint
    holders = (checkpoint, *(checkpoint.get(key, {}) for key in WEIGHTS + AVERAGED))
    if not any(_is_convnextv2(holder) for holder in holders):
        return checkpoint  # another model's: none of this package's business
    rest = {} if _is_convnextv2(checkpoint) else checkpoint
    rest = {key: value for key, value in rest.items() if key not in WEIGHTS + AVERAGED}
    return {**rest, 'state_dict': unwrap(checkpoint)}


def _is_convnextv2(state_dict: Any) -> bool:
    try:
        find_dialect(state_dict)
    except (ValueError, AttributeError):
        return False
    return True
