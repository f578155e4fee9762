"""Whether a file is as it was written: checksums inside it, and the digest in a published name."""

import hashlib
import re
import zipfile
from datetime import datetime
from pathlib import Path

from safetensors import safe_open

from mmcnx2.processes.pace import PacedReader

SAFETENSORS = '.safetensors'
_DIGEST = re.compile(r'-([0-9a-f]{8})')
_FOLDER = 0x10  # of MS-DOS's attributes


def find_damage(path: str | Path) -> str | None:
    """Hold a file against what it says about itself.

    The archive that ``torch.save`` writes has a checksum of each of its members, which torch does
    not look at when it reads. ``name-<first 8 digits of the SHA-256>.pth``, as OpenMMLab and torch
    publish, has one of the whole file. ``.safetensors`` say how long they are. Others pass if they
    are not empty.

    Args:
        path: A file.

    Returns:
        What is wrong with it, a clause that begins with "it" or "its"; None if nothing is.
    """
    path = Path(path)
    try:
        if path.stat().st_size == 0:
            return 'it is empty'
        if path.suffix == SAFETENSORS:
            with safe_open(path, 'pt'):  # holds its table against the length of the file
                pass
        return _damaged_member(path) or _wrong_digest(path)
    except Exception as error:  # zipfile answers damage with errors of many types
        reason = ' '.join(str(error).split()) or type(error).__name__
        return f'its table of contents cannot be read: {reason}'


def is_archive(path: str | Path) -> bool:
    """Return whether a file begins as the archives of ``torch.save`` do."""
    if Path(path).suffix == SAFETENSORS:  # which begins with a length, of any bytes
        return False
    with open(path, 'rb') as file:
        return file.read(2) == b'PK'


def digest_in_name(name: str) -> str | None:
    """Return the 8 hexadecimal digits that end a published file's name, None if there are none.

    Args:
        name: A file's, with or without folders. Eight digits that are a day, ``run-20240131.pth``,
            are no digest.
    """
    found = _DIGEST.fullmatch(Path(name).stem[-9:])
    return found[1] if found and not _is_day(found[1]) else None


def sha256_of(path: str | Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _damaged_member(path: Path) -> str | None:
    if not is_archive(path):
        return None
    with PacedReader(path) as file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        for member in members:
            # torch would read nothing of it, and leave the tensor as memory was.
            if member.external_attr & _FOLDER and not member.is_dir():
                return f"its part '{member.filename}' is marked as a folder"
        # torch.serialization.set_crc32_options(False) writes zeros.
        if not any(member.CRC for member in members):
            return None
        damaged = archive.testzip()
    return damaged and f"its part '{damaged}' differs from its checksum"


def _wrong_digest(path: Path) -> str | None:
    named = digest_in_name(path.name)
    if named is None or named == (found := sha256_of(path)[:8]):
        return None
    return (
        f'its SHA-256 begins with {found}, but its name says {named} (rename it if that is no '
        'digest)'
    )


def _is_day(digits: str) -> bool:
    try:
        return 1970 <= datetime.strptime(digits, '%Y%m%d').year < 2100
    except ValueError:
        return False
