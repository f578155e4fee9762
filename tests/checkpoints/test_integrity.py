"""A file is held against what it says about itself: its checksums, and the digest in its name."""

import hashlib
from contextlib import suppress

import pytest
import torch

from mmcnx2.checkpoints.files import CheckpointError, read_checkpoint
from mmcnx2.checkpoints.integrity import digest_in_name, find_damage, is_archive, sha256_of

SAVED = dict(state_dict=dict(weight=torch.arange(64.0)), meta=dict(iter=5, name='run'))


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / 'saved.pth'
    torch.save(SAVED, path)
    return path


def flipped(path, bit: int, name: str = 'flipped.pth'):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    other = path.with_name(name)
    other.write_bytes(data)
    return other


def test_a_file_as_it_was_written_passes(saved):
    assert find_damage(saved) is None


def test_a_changed_byte_of_a_weight_passes_torch_and_is_refused_here(saved):
    offset = saved.read_bytes().index(SAVED['state_dict']['weight'].numpy().tobytes())
    damaged = flipped(saved, 8 * (offset + 43) + 6)
    assert not torch.load(damaged)['state_dict']['weight'].equal(SAVED['state_dict']['weight'])
    with pytest.raises(CheckpointError, match="flipped.pth' is not as it was .*data/0' differs"):
        read_checkpoint(damaged)


def test_whatever_bit_has_changed_the_file_is_refused_or_holds_the_same(saved):
    """Also where names, sizes and offsets are: reading ends in one type of error, or equal."""
    bits = 8 * saved.stat().st_size
    refused = 0
    for bit in range(0, bits, 61):
        path = flipped(saved, bit)
        with suppress(CheckpointError):
            read_checkpoint(path, verify=False)  # may hold anything
        try:
            assert str(read_checkpoint(path)) == str(SAVED), f'bit {bit}'
        except CheckpointError:
            refused += 1
    assert refused > bits / 61 / 2


def test_a_part_that_torch_would_take_for_a_folder_is_refused(saved):
    """torch's reader leaves such a tensor as memory happened to be; checksums say nothing of it."""
    data = saved.read_bytes()
    entry = data.rindex(b'saved/data/0')  # in the table of contents at the end
    attributes = entry - 46 + 38
    damaged = flipped(saved, 8 * attributes + 4)
    with pytest.raises(CheckpointError, match="part 'saved/data/0' is marked as a folder"):
        read_checkpoint(damaged)


@pytest.mark.parametrize('length', [0, 1, 2, 100, -1])
def test_a_file_that_ends_early_is_refused(saved, length):
    data = saved.read_bytes()
    saved.write_bytes(data[:length])
    assert length in (1,) or find_damage(saved)
    with pytest.raises(CheckpointError, match=r"'.*saved.pth'"):
        read_checkpoint(saved)


def test_the_digest_in_a_published_name_is_compared(tmp_path):
    """As of ``.safetensors``, which has no checksum of its own."""
    from safetensors.torch import save_file

    plain = tmp_path / 'plain.safetensors'
    save_file(SAVED['state_dict'], plain)
    digest = hashlib.sha256(plain.read_bytes()).hexdigest()
    assert sha256_of(plain) == digest
    published = plain.rename(tmp_path / f'model-{digest[:8]}.safetensors')
    assert list(read_checkpoint(published)) == ['weight']

    last_bit = 8 * published.stat().st_size - 1
    other = flipped(published, last_bit, published.name)
    with pytest.raises(CheckpointError, match=f'begins with .*, but its name says {digest[:8]}'):
        read_checkpoint(other)


def test_safetensors_are_no_archives_whatever_their_length_begins_with(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / 'weights.safetensors'
    text = 'x' * (0x4B50 - 90)
    save_file(SAVED['state_dict'], path, metadata=dict(note=text))
    assert path.read_bytes()[:8] == b'PK' + bytes(6)
    assert not is_archive(path)
    assert find_damage(path) is None


@pytest.mark.parametrize('length', [5, 40, -1, +1])
def test_safetensors_of_another_length_than_they_say_are_refused(tmp_path, length):
    from safetensors.torch import save_file

    path = tmp_path / 'weights.safetensors'
    save_file(SAVED['state_dict'], path)
    data = path.read_bytes()
    path.write_bytes(data + b'x' if length == 1 else data[:length])
    assert find_damage(path).startswith('its table of contents cannot be read: ')


@pytest.mark.parametrize(
    'name, digest',
    [
        ('resnet50-0676ba61.pth', '0676ba61'),
        ('/folder-12345678/atto_in1k_20230104-07514db4.pth', '07514db4'),
        ('run-20240131.pth', None),  # a day
        ('run-20249999.pth', '20249999'),
        ('resnet50_0676ba61.pth', None),
        ('model-0676ba6.pth', None),
        ('model-0676BA61.pth', None),
        ('epoch_1.pth', None),
        ('0676ba61.pth', None),
    ],
)
def test_eight_hexadecimal_digits_behind_a_dash_are_a_digest(name, digest):
    assert digest_in_name(name) == digest


def test_an_archive_written_without_checksums_passes(tmp_path):
    options = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(SAVED, tmp_path / 'unchecked.pth')
    finally:
        torch.serialization.set_crc32_options(options)
    assert find_damage(tmp_path / 'unchecked.pth') is None
    assert read_checkpoint(tmp_path / 'unchecked.pth')['meta'] == SAVED['meta']
