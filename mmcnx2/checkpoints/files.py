"""Reading and writing checkpoint files. Tensors and numbers are read, never code."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmcnx2.checkpoints.integrity import SAFETENSORS, find_damage, is_archive, sha256_of
from mmcnx2.checkpoints.plain_types import make_plain, restore_types
from mmcnx2.compat.stand_ins import STAND_INS
from mmcnx2.outputs import new_file
from mmcnx2.paths import expand_home


class CheckpointError(ValueError):
    """A checkpoint that cannot be fetched or read. Its message is a whole sentence.

    Attributes:
        reason: What is wrong, without the file's name and without advice.
    """

    def __init__(self, sentence: str, *, reason: str | None = None):
        super().__init__(sentence)
        self.reason = reason or sentence


def read_checkpoint(
    path: str | Path, *, map_location: Any = 'cpu', verify: bool = True, mmap: bool = False
) -> Mapping[str, Any]:
    """Read a checkpoint: the one function of the package that does.

    A pickle may hold tensors, numbers, strings, containers, what mmengine's runner writes and the
    ``argparse.Namespace`` of timm and of the official code. Anything else could run code.

    Args:
        path: A ``.safetensors`` file, or one written by ``torch.save``.
        map_location: As for :func:`torch.load`.
        verify: Hold the file against its checksums and the digest in its name before it is read
            (:func:`find_damage`), which reads it once more. Without, a changed byte of a weight
            passes.
        mmap: Map tensors instead of reading them: quick for any size, to look at the rest. Files
            that cannot be mapped are read.

    Raises:
        CheckpointError: Whatever is wrong: no such file, no permission, damage, other objects, no
            dict.
    """
    path = Path(expand_home(str(path)))
    try:
        if not path.is_file():
            there = 'is no file' if path.exists() else 'does not exist'
            raise CheckpointError(
                f"checkpoint '{path}' {there}: give the path of a file.", reason=f'it {there}'
            )
        if verify and (damage := find_damage(path)):
            raise _damaged(path, damage)
        checkpoint = _read(path, map_location, mmap=mmap)
        restore_types(checkpoint)
    except CheckpointError:
        raise
    except Exception as error:  # what reading damaged bytes ends in cannot be listed
        if not verify and (damage := find_damage(path)):
            raise _damaged(path, damage) from error
        raise _explained(path, error) from error
    if not isinstance(checkpoint, Mapping):
        kind = type(checkpoint).__name__
        raise CheckpointError(
            f"checkpoint '{path}' holds a {kind}, but must hold a dict.",
            reason=f'it holds a {kind} instead of a dict',
        )
    return checkpoint


def _read(path: Path, map_location: Any, *, mmap: bool) -> Any:
    if path.suffix == SAFETENSORS:
        from safetensors.torch import load_file

        device = map_location if isinstance(map_location, str | torch.device) else 'cpu'
        return load_file(path, device=str(device))
    mmap = mmap and is_archive(path)
    # Leaving the context would take away what the process allowed before.
    allowed = torch.serialization.get_safe_globals()
    with torch.serialization.safe_globals([new for new in STAND_INS if new not in allowed]):
        return torch.load(path, map_location=map_location, weights_only=True, mmap=mmap)


def _damaged(path: Path, damage: str) -> CheckpointError:
    return CheckpointError(
        f"checkpoint '{path}' is not as it was written ({damage}): copy or fetch it again, or "
        'take an older one.',
        reason=damage,
    )


def _explained(path: Path, error: Exception) -> CheckpointError:
    """Say what reading a file ended in."""
    if asked := re.search(r'GLOBAL ([\w.]+)', str(error)):
        return CheckpointError(
            f"checkpoint '{path}' is not read, because it holds more than tensors and numbers, "
            f'which could run code (it asks for {asked[1]}): where you trust it, allow that with '
            'torch.serialization.add_safe_globals, or save its weights alone with the program that '
            'wrote it.',
            reason=f'it asks for {asked[1]}, which could run code',
        )
    # torch gives advice of many lines; what it met stands behind these words or in the first.
    said = str(error).rpartition('WeightsUnpickler error: ')[2].strip().partition('\n')[0]
    said = getattr(error, 'strerror', None) or said
    # Bytes that are no pickle's, such as text, end in whatever their letters mean to one.
    if isinstance(error, KeyError | UnicodeDecodeError) or said.startswith('Unsupported operand'):
        said = 'its bytes are no weights'
    elif not isinstance(error, pickle.UnpicklingError):
        said = f'{type(error).__name__}: {said}'.removesuffix(': ')
    reason = said.rstrip('.')
    return CheckpointError(
        f"checkpoint '{path}' cannot be read ({reason}): give another one, written by torch.save "
        f'or as {SAFETENSORS}.',
        reason=f'it cannot be read ({reason})',
    )


def save_checkpoint(
    checkpoint: Mapping[str, Any], path: str | Path, *, hash_in_name: bool = False
) -> Path:
    """Write a checkpoint that plain torch reads (:func:`make_plain`), whole or not at all.

    Another file of its name is moved aside.

    Args:
        checkpoint: For ``.safetensors``, tensors by name, or a dict with them as ``state_dict``,
            whose other entries are left out: the format holds tensors alone.
        path: Its ending picks the format; the folder is made.
        hash_in_name: See :func:`add_hash_to_name`. Nothing is written under the name without it.

    Returns:
        The path of the file.

    Raises:
        OSError: It cannot be written.
        ValueError: ``.safetensors`` is asked to hold something other than tensors, or another file
            what plain torch would refuse to read.
    """
    path = Path(path)
    with new_file(path) as draft:
        _write(checkpoint, draft)
        if hash_in_name:
            draft = add_hash_to_name(draft)
    return path.with_name(draft.name)


def add_hash_to_name(path: str | Path) -> Path:
    """Rename ``name.pth`` to ``name-<first 8 digits of its SHA-256>.pth``, as OpenMMLab publishes.

    Returns:
        The new path.
    """
    path = Path(path)
    return path.rename(path.with_name(f'{path.stem}-{sha256_of(path)[:8]}{path.suffix}'))


def _write(checkpoint: Mapping[str, Any], path: Path) -> None:
    if path.suffix != SAFETENSORS:
        plain, left_out = make_plain(checkpoint)
        if left_out:
            other = ', '.join(f'{name} ({kind})' for name, kind in left_out.items())
            raise ValueError(
                f"'{path.name}' cannot hold {other}: leave it out, or give it as numbers and text."
            )
        torch.save(plain, path)
        return
    from safetensors.torch import save_file

    tensors = checkpoint.get('state_dict', checkpoint)
    other = [name for name, value in tensors.items() if not isinstance(value, Tensor)]
    if other:
        raise ValueError(
            f"'{path.name}' cannot hold {', '.join(other)}: {SAFETENSORS} holds tensors."
        )
    # Tensors that share memory are stored once each; the format refuses to guess.
    own = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    save_file(own, path, metadata={'format': 'pt'})
