"""Files at http(s) addresses, read by curl as webdataset does, and what went wrong in words."""

import re
import shutil
from urllib.parse import urlparse

from webdataset.gopen import Pipe

_CURL = (
    'curl', '--fail', '--silent', '--location', '--globoff',
    '--proto', '=http,https',  # a server may not send us on to other kinds either
    '--connect-timeout', '30', '--retry', '5', '--retry-delay', '2',
)  # fmt: skip
_ENDED_EARLY = [23, 141]  # whoever reads has read enough
# Exit status of curl -> what it means to somebody who wrote an address.
_REASONS = {
    1: 'it leads to an address that is neither http nor https',
    5: 'its proxy is not known',
    6: 'its host is not known: is the name right, and is there a network?',
    7: 'its host does not answer: does a server run there, and is there a network?',
    22: 'the server refuses it or has no such file',
    28: 'its host took too long: is there a network?',
    35: 'no secure connection came about',
    56: 'the connection broke',
    60: "the server's certificate is not trusted",
}


def is_address(location: str) -> bool:
    """Return whether a location is an address, as against a path on this machine."""
    return '://' in location or location.startswith('pipe:')


def open_address(address: str) -> Pipe:
    """Open a file at an address for reading, as bytes from start to end.

    Raises:
        ValueError: If the address is not http(s).
        OSError: If ``curl`` is missing; reading raises one if the file cannot be fetched.
    """
    if urlparse(address).scheme not in ('http', 'https'):
        raise ValueError(
            f"'{address}' is neither a path nor an http(s) address: mount other stores as a "
            'folder, or serve them over http.'
        )
    if not shutil.which('curl'):
        raise OSError(f"reading '{address}' needs the program curl: install it.")
    return Pipe([*_CURL, address], mode='rb', bufsize=8192, ignore_status=_ENDED_EARLY)


def describe(error: Exception) -> str:
    """Say what went wrong when a location was read: curl's status in words, else the error's."""
    if ended := re.search(r'\'curl\'.*: exit (\d+) \(read\)', str(error), re.DOTALL):
        return _REASONS.get(int(ended[1]), f'curl ended with status {ended[1]}')
    # webdataset appends the stream to the error's arguments.
    return getattr(error, 'strerror', None) or str((error.args or (error,))[0])
