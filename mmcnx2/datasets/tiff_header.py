"""What the header of a TIFF says: its size, and whether it is a plain picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import calcsize, unpack_from
from struct import error as StructError

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC = 254, 256, 257, 258, 262
_SAMPLES, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 277, 338, 339
_NUMBERS = {1: 'B', 3: 'H', 4: 'I', 16: 'Q'}
_CMYK = 5
_ALPHA = (1, 2)
_MOST_VALUES = 64  # of a tag
_MOST_PAGES = 8  # overviews before another picture


@dataclass(frozen=True)
class TiffHeader:
    """What the first picture of a TIFF is.

    Attributes:
        height: In pixels.
        width: In pixels.
        bytes_per_pixel: Once decoded, all samples together.
        color: Whether it has 8 bits or fewer, and gray, color and transparency alone, and is the
            only picture but for overviews of it.
    """

    height: int
    width: int
    bytes_per_pixel: int
    color: bool


def read_tiff_header(data: bytes) -> TiffHeader | None:
    """Return what the first directory of a TIFF or BigTIFF says, None if it names no size.

    Raises:
        struct.error: It is cut off before the directory.
    """
    order = '<' if data[:2] == b'II' else '>'
    big = unpack_from(order + 'H', data, 2)[0] == 43
    first, *others = _directories(data, order, big)
    if not {_WIDTH, _HEIGHT} <= first.keys():
        return None
    (height,), (width,) = first[_HEIGHT][:1], first[_WIDTH][:1]
    bits = first.get(_BITS, (1,))
    samples = first.get(_SAMPLES, (1,))[0]
    alone = all(_is_overview(other) for other in others)
    color = alone and max(bits) <= 8 and set(first.get(_SAMPLE_FORMAT, (1,))) <= {1, 4}
    if color and samples > 1:
        inks = 4 if first.get(_PHOTOMETRIC) == (_CMYK,) else 3
        extra = first.get(_EXTRA_SAMPLES, ())
        color = samples - len(extra) in (1, inks) and all(kind in _ALPHA for kind in extra)
    return TiffHeader(height, width, 3 if color else -(-max(bits) // 8) * samples, color)


def _directories(data: bytes, order: str, big: bool) -> Iterator[dict[int, tuple[int, ...]]]:
    """Yield the whole numbers of the first directories by tag, of each as much as there is."""
    at = unpack_from(order + ('Q' if big else 'I'), data, 8 if big else 4)[0]
    for _ in range(_MOST_PAGES):
        tags, count_is = {}, 'Q' if big else 'H'
        try:
            count = min(unpack_from(order + count_is, data, at)[0], 2**16)
            at += calcsize(count_is)
            step = 20 if big else 12
            for entry in range(at, at + step * count, step):
                tags.update(_values(data, entry, order, big))
            at = unpack_from(order + ('Q' if big else 'I'), data, at + step * count)[0]
        except StructError:  # cut off
            at = 0
        yield tags
        if not 0 < at < len(data):
            return


def _values(data: bytes, entry: int, order: str, big: bool) -> dict[int, tuple[int, ...]]:
    tag, kind = unpack_from(order + 'HH', data, entry)
    count = unpack_from(order + ('Q' if big else 'I'), data, entry + 4)[0]
    if kind not in _NUMBERS or not count:
        return {}
    code = order + _NUMBERS[kind] * min(count, _MOST_VALUES)
    at, room = entry + (12 if big else 8), 8 if big else 4
    if count * calcsize(_NUMBERS[kind]) > room:
        at = unpack_from(order + ('Q' if big else 'I'), data, at)[0]
        if at + calcsize(code) > len(data):
            return {}
    return {tag: unpack_from(code, data, at)}


def _is_overview(tags: dict[int, tuple[int, ...]]) -> bool:
    """Whether a page is a smaller version of the first one, or its mask."""
    return bool(tags.get(_SUBFILE, (0,))[0] & 0b101) or not tags
