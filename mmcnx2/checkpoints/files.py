"""Reading and writing checkpoint files. Tensors and numbers are read, never code."""

import argparse
import hashlib
import os
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch
from torch import Tensor

from mmcnx2.outputs import new_file

SAFETENSORS = '.safetensors'


def read_checkpoint(path: str | Path, *, map_location: Any = 'cpu') -> Mapping[str, Any]:
    """Read a checkpoint.

    A pickle may hold tensors, numbers, strings, containers, what mmengine's runner writes and the
    ``argparse.Namespace`` of timm and of the official code. Anything else could run code.

    Args:
        path: A ``.safetensors`` file, or one written by ``torch.save``.
        map_location: As for :func:`torch.load`.

    Raises:
        FileNotFoundError: There is no such file.
        UnpicklingError: The file holds other objects, or is no checkpoint.
        ValueError: It holds no dict.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"checkpoint '{path}' does not exist: give the path of a file.")
    if path.suffix == SAFETENSORS:
        from safetensors.torch import load_file

        device = map_location if isinstance(map_location, str | torch.device) else 'cpu'
        return load_file(path, device=str(device))
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except (pickle.UnpicklingError, EOFError) as error:
        raise pickle.UnpicklingError(
            f"checkpoint '{path}' is not read, because it holds more than tensors and numbers, "
            f'which could run code, or is no checkpoint ({_reason(error)}): where you trust it, '
            f'save its weights alone, or as {SAFETENSORS}, with the program that wrote it.'
        ) from error
    if not isinstance(checkpoint, Mapping):
        raise ValueError(
            f"checkpoint '{path}' holds a {type(checkpoint).__name__}, but must hold a dict."
        )
    return checkpoint


def save_checkpoint(
    checkpoint: Mapping[str, Any], path: str | Path, *, hash_in_name: bool = False
) -> Path:
    """Write a checkpoint, whole or not at all; another file of its name is moved aside.

    Args:
        checkpoint: For ``.safetensors``, tensors by name, or a dict with them as ``state_dict``,
            whose other entries are left out: the format holds tensors alone.
        path: Its ending picks the format; the folder is made.
        hash_in_name: See :func:`add_hash_to_name`. Nothing is written under the name without it.

    Returns:
        The path of the file.

    Raises:
        OSError: It cannot be written.
        ValueError: ``.safetensors`` is asked to hold something other than tensors.
    """
    path = Path(path)
    with new_file(path) as draft:
        _write(checkpoint, draft)
        if hash_in_name:
            draft = add_hash_to_name(draft)
    return path.with_name(draft.name)


def sha256_of(path: str | Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def add_hash_to_name(path: str | Path) -> Path:
    """Rename ``name.pth`` to ``name-<first 8 digits of its SHA-256>.pth``, as OpenMMLab publishes.

    Returns:
        The new path.
    """
    path = Path(path)
    return path.rename(path.with_name(f'{path.stem}-{sha256_of(path)[:8]}{path.suffix}'))


def download(url: str, folder: str | Path | None = None, *, progress: bool = True) -> Path:
    """Fetch a file unless it is there already.

    Args:
        url: Its address.
        folder: Where to put it; default torch's own, ``~/.cache/torch/hub/checkpoints``.
        progress: Show a progress bar.

    Returns:
        The file, under the name that the address ends in.

    Raises:
        OSError: The address cannot be reached.
        ValueError: It is not an http(s) address.
    """
    if urlsplit(url).scheme not in ('http', 'https'):
        raise ValueError(
            f"'{url}' is not fetched: only http:// and https:// addresses are; give a file by its "
            'path.'
        )
    folder = Path(folder) if folder else Path(torch.hub.get_dir(), 'checkpoints')
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / os.path.basename(urlsplit(url).path)
    if not path.is_file():
        torch.hub.download_url_to_file(url, str(path), progress=progress)
    return path


def _write(checkpoint: Mapping[str, Any], path: Path) -> None:
    if path.suffix != SAFETENSORS:
        torch.save(checkpoint, path)
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


def _reason(error: Exception) -> str:
    """Shorten torch's advice of many lines to the name of what it met."""
    asked = re.search(r'GLOBAL ([\w.]+)', str(error))
    return f'it asks for {asked[1]}' if asked else type(error).__name__
