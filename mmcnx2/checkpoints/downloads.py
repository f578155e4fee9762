"""Fetching checkpoints: each address has a place of its own, and only whole files get there."""

import hashlib
import os
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import torch
from tqdm import tqdm

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.checkpoints.integrity import find_damage

_TIMEOUT = 60  # seconds without a byte
_CHUNK = 1 << 20  # bytes


def download(url: str, folder: str | Path | None = None, *, progress: bool = True) -> Path:
    """Fetch a checkpoint unless it is there already.

    Args:
        url: Its address.
        folder: Where to put it; default torch's own, ``~/.cache/torch/hub/checkpoints``.
        progress: Show a progress bar.

    Returns:
        The file, under the name that the address ends in, in a folder of that address.

    Raises:
        CheckpointError: It is not an http(s) address of a file, it cannot be reached, or leads to
            an address of another kind or from https to http, or what comes is a web page, ends
            early, or does not have the checksums or the digest that it says.
    """
    path = place_of(url, folder)
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix='.part-') as part:
            _fetch(url, Path(part, path.name), progress=progress)
            os.replace(Path(part, path.name), path)
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if type(error) is URLError else error
        reason = str(reason) or type(error).__name__
        raise CheckpointError(
            f"checkpoint '{url}' cannot be fetched ({reason}): look at the address and the "
            f"network, or fetch it in another way and put it at '{path}'.",
            reason=f'it cannot be fetched ({reason})',
        ) from error
    return path


def place_of(url: str, folder: str | Path | None = None) -> Path:
    """Return where the file of an address lies once it is fetched; it may be put there by hand.

    Args:
        url: The address.
        folder: As for :func:`download`.

    Raises:
        CheckpointError: It is not an http(s) address of a file.
    """
    parts = urlsplit(url)
    name = PurePosixPath(parts.path).name
    if parts.scheme not in ('http', 'https') or not parts.hostname or name in ('', '..'):
        raise CheckpointError(
            f"'{url}' is not fetched: only http:// and https:// addresses of files are; give a "
            'file by its path.'
        )
    folder = Path(folder) if folder else Path(torch.hub.get_dir(), 'checkpoints')
    return folder / f'{parts.hostname}-{hashlib.sha256(url.encode()).hexdigest()[:12]}' / name


def _fetch(url: str, path: Path, *, progress: bool) -> None:
    """Write what an address has to say to the disk, and check that it is whole.

    Raises:
        OSError: It is not, or it cannot be reached.
    """
    request = Request(url, headers={'User-Agent': 'mmcnx2'})
    with build_opener(_OnlyHttp).open(request, timeout=_TIMEOUT) as response:
        if response.headers.get_content_type() == 'text/html':
            raise OSError('it is a web page')
        with open(path, 'wb') as file:
            _copy(response, file, progress=progress, name=path.name)
            file.flush()
            os.fsync(file.fileno())
    if damage := find_damage(path):
        raise OSError(damage)


def _copy(response: HTTPResponse, file, *, progress: bool, name: str) -> None:
    length = response.headers.get('Content-Length')
    with tqdm(
        total=length and int(length), disable=not progress, desc=name, unit='B', unit_scale=True
    ) as bar:
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            bar.update(len(chunk))
    if length and file.tell() != int(length):  # read() keeps silent about an early end
        raise OSError(f'it ended after {file.tell()} of {length} bytes')


class _OnlyHttp(HTTPRedirectHandler):
    """Goes on to http(s) alone, and from https to https."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # urllib's own names
        before, after = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if after not in ('http', 'https') or (before, after) == ('https', 'http'):
            raise URLError(f"it leads on to '{newurl}', which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
