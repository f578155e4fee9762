"""Files at addresses, https, s3, gs or hf, read through fsspec; what goes wrong, in words."""

import io
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EINVAL
from http import HTTPStatus
from importlib.util import find_spec
from typing import Any, BinaryIO, TypeVar

import fsspec
from mmengine.logging import print_log

from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.paths import printable

ATTEMPTS = 6
_WAIT = 1.0  # seconds before the second attempt, and twice as long before each further one
_BLOCK = 2**20  # bytes that a stream hands over at once
_AHEAD = 2**24  # bytes that a stream asks a bucket for at once
_PATIENCE = dict(total=None, connect=30, sock_read=60)  # seconds; a shard may stream for hours
# Scheme -> the module that fsspec reads it by, and what pip calls that.
_STORES = {
    'http': ('aiohttp', 'aiohttp'),
    'https': ('aiohttp', 'aiohttp'),
    's3': ('s3fs', 's3fs'),
    'gs': ('gcsfs', 'gcsfs'),
    'hf': ('huggingface_hub', 'huggingface_hub'),
}
_CREDENTIALS = dict(
    s3='set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or FSSPEC_S3_ANON=true for a public one',
    gs='run gcloud auth application-default login, or set FSSPEC_GS_TOKEN=anon for a public one',
    hf='run hf auth login',
)
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_CHANGING = ('size', 'ETag', 'etag', 'LastModified', 'mtime', 'blob_id')  # of a file
# Names of error classes, whichever library they are of -> what they mean to a person. The first
# that one is an instance of counts.
_NO_CREDENTIALS = ('NoCredentialsError', 'DefaultCredentialsError', 'LocalTokenNotFoundError')
_FINAL = {
    'FileNotFoundError': 'there is no such file, folder or bucket',
    'PermissionError': 'access is denied',
    'NonHttpUrlRedirectClientError': 'it leads to an address that is neither http nor https',
    'InvalidURL': 'it is no valid address',
    'ParamValidationError': 'it is no valid address',
    'NotADirectoryError': 'it is a file, but a folder was expected',
    'IsADirectoryError': 'it is a folder, but a file was expected',
    'ClientConnectorCertificateError': "the server's certificate is not trusted",
}
_PASSING = {
    'ClientConnectorDNSError': 'its host is not known: is the name right, and is there a network?',
    'TimeoutError': 'its host took too long: is there a network?',
    'ConnectTimeoutError': 'its host took too long: is there a network?',
    'ReadTimeoutError': 'its host took too long: is there a network?',
    'ClientConnectorError': 'its host does not answer: does a server run there?',
    'EndpointConnectionError': 'its host does not answer: does a server run there?',
    'ConnectError': 'its host does not answer: does a server run there?',
    'ClientPayloadError': 'the connection broke',
    'ServerDisconnectedError': 'the connection broke',
    'ConnectionError': 'the connection broke',
    'IncompleteReadError': 'the connection broke',
}

T = TypeVar('T')


class AddressError(OSError):
    """What lies at an address cannot be read.

    Args:
        sentence: That says so. Alone, it makes the error that a loading process hands on.
        reason: Why, in words.
        passing: Whether that is of the network or the server, and may be otherwise a minute later.
    """

    def __init__(self, sentence: str, *, reason: str = '', passing: bool = False):
        super().__init__(sentence)
        self.reason, self.passing = reason or sentence, passing


def is_address(location: str) -> bool:
    """Return whether a location is an address, as against a path on this machine."""
    return '://' in location or location.startswith('pipe:')


def join(root: str, name: str) -> str:
    """Return the location of a file in a folder or below an address."""
    return f'{root.rstrip("/")}/{name}' if is_address(root) else os.path.join(root, name)


def list_address(address: str, *, below: bool = True) -> list[str]:
    """Return the files in a folder of a bucket, a repository or a server that lists its folders.

    Args:
        address: The folder.
        below: Whether those in its folders count, too.

    Returns:
        Their names below it, in the order of their parts.

    Raises:
        AddressError: It cannot be listed.
        ImportError, ValueError: See :func:`open_address`.
    """
    store, path = _store(address)

    def look() -> list[str]:
        if below and (found := store.find(path)):
            return list(found)
        # Which says what is wrong, where a search finds nothing.
        return [entry['name'] for entry in store.ls(path, detail=True) if entry['type'] == 'file']

    start = len(path.rstrip('/')) + 1
    names = {name[start:] for name in _patiently(look, address)}
    return sorted(filter(None, names), key=lambda name: name.split('/'))


def describe_file(location: str) -> str:
    """Return what changes when a file does: name, size, and time or checksum where they are known.

    Args:
        location: Path or address.

    Raises:
        AddressError, ImportError, ValueError: As of :func:`list_address`.
        OSError: A file of this machine is not there.
    """
    if not is_address(location):
        status = os.stat(location)
        return f'{location} {status.st_size} {status.st_mtime_ns}'
    store, path = _store(location)
    known = _patiently(lambda: store.info(path), location)
    return f'{location} {[str(known[key]) for key in _CHANGING if key in known]}'


def find_addresses(pattern: str) -> list[str]:
    """Return the addresses that a pattern with ``*`` stands for, sorted.

    Raises:
        AddressError, ImportError, ValueError: As of :func:`list_address`.
    """
    store, path = _store(pattern)
    found = _patiently(lambda: store.glob(path), pattern)
    return sorted(store.unstrip_protocol(name) for name in found)


def read_address(address: str, *, max_bytes: int) -> bytes:
    """Return the contents of a file.

    Where the network or the server fails, it is tried again for half a minute.

    Args:
        address: Of the file.
        max_bytes: A larger one is refused.

    Raises:
        AddressError, ImportError, ValueError: As of :func:`open_address`.
        UnreadableImageError: It is larger, or not there.
    """
    store, path = _store(address)

    def fetch() -> bytes:
        if not address.startswith('http'):
            return store.cat_file(path, start=0, end=max_bytes + 1)  # one request
        with open_address(address) as stream:  # whose reads are whole, whatever arrives at once
            return stream.read(max_bytes + 1)

    try:
        data = _patiently(fetch, address)
    except AddressError as error:
        if error.passing:
            raise
        raise UnreadableImageError(f'{error.reason}.') from None
    if len(data) > max_bytes:
        raise UnreadableImageError(f'it has more bytes than max_bytes={max_bytes}.')
    return data


def open_address(address: str) -> BinaryIO:
    """Open a file for reading from start to end, one piece after the other.

    Raises:
        AddressError: It cannot be opened; so does reading, if the connection breaks.
        ImportError: The library for such addresses is missing.
        ValueError: It is of another kind than http, https, s3, gs and hf.
    """
    store, path = _store(address)
    try:
        return io.BufferedReader(_Told(_open(store, path), address), _BLOCK)
    except Exception as error:
        raise _told(error, address) from error


@contextmanager
def open_parts(address: str) -> Iterator[BinaryIO]:
    """Open a file of which parts are read, anywhere in it; over https the server must give them.

    Raises:
        AddressError, ImportError, ValueError: As of :func:`open_address`.
    """
    store, path = _store(address)
    try:
        with store.open(path, 'rb') as file:
            yield file
    except Exception as error:
        raise _told(error, address) from error


def waits() -> Iterator[float]:
    """Yield how many seconds to wait between the attempts to read something."""
    yield from (_WAIT * 2**number for number in range(ATTEMPTS - 1))


class _Told(io.RawIOBase):
    """A stream whose errors are told in words."""

    def __init__(self, stream: BinaryIO, address: str):
        self._stream, self._address = stream, address

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        try:
            data = self._stream.read(len(buffer))
        except Exception as error:
            raise _told(error, self._address) from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _store(address: str) -> tuple[Any, str]:
    """Return the file system of an address, of this process, and what it calls the address."""
    scheme = address.partition('://')[0]
    if scheme not in _STORES:
        raise ValueError(
            f"'{address}' is neither a path nor an http(s), s3, gs or hf address: mount other "
            'stores as a folder.'
        )
    module, package = _STORES[scheme]
    if find_spec(module) is None:
        raise ImportError(f"reading '{address}' needs {package}: pip install {package}.")
    options = {}
    if scheme.startswith('http'):
        from aiohttp import ClientTimeout

        options = dict(client_kwargs=dict(timeout=ClientTimeout(**_PATIENCE)))
    try:
        # fsspec keeps one of each kind, but none that another process has opened. What it takes
        # from the environment: FSSPEC_S3_ANON and the like.
        store = fsspec.filesystem(scheme, **options)
    except Exception as error:  # such as credentials that cannot be read
        raise _told(error, address) from error
    return store, store._strip_protocol(address)


def _open(store: Any, path: str) -> BinaryIO:
    if path.startswith('http'):
        # A stream of one answer: not every server gives parts of a file, nor its size beforehand.
        return store.open(path, 'rb', block_size=0, size=1)
    return store.open(path, 'rb', block_size=_AHEAD, cache_type='readahead')


def _patiently(action: Callable[[], T], address: str) -> T:
    """Do something with an address, again after a while if that may help."""
    for wait in (*waits(), None):
        try:
            return action()
        except Exception as error:
            told = _told(error, address)
            if wait is None or not told.passing:
                raise told from error
            print_log(
                f'{told}; trying again in {wait:g} s.', logger='current', level=logging.WARNING
            )
            time.sleep(wait)


def _told(error: Exception, address: str) -> Exception:
    """Return an error in words: an :class:`AddressError`, or the same one if it is in words."""
    if isinstance(error, AddressError | ImportError | UnreadableImageError):
        return error
    reason, passing = _reason(error, address.partition('://')[0])
    sentence = printable(f"'{address}' cannot be read: {reason}")
    return AddressError(sentence, reason=reason, passing=passing)


def _reason(error: Exception, scheme: str) -> tuple[str, bool]:
    """Return why something failed, in words, and whether that may pass."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    if any(name in kinds for name in _NO_CREDENTIALS):
        return f'no credentials are found: {_CREDENTIALS.get(scheme, "give it some")}', False
    for passing, reasons in ((False, _FINAL), (True, _PASSING)):
        for name, reason in reasons.items():
            if name in kinds:
                return reason, passing
    if status := _status(error):
        passing = status >= 500 or status in _LATER
        return f'the server answers with status {status}', passing
    said = ' '.join(str(error).split()) or type(error).__name__
    return said, isinstance(error, OSError) and error.errno != EINVAL  # as s3fs has it


def _status(error: Exception) -> int | None:
    """Return the status of a server's answer, None if the error is not of one."""
    status = getattr(error, 'status', None)  # of aiohttp
    status = status or getattr(getattr(error, 'response', None), 'status_code', None)  # of httpx
    return status if isinstance(status, int) else None
