"""Reading and writing checkpoint files: both formats, names with a hash, and no code."""

import argparse
import errno
import hashlib
import io
import os
import pickle
import re
from pathlib import Path

import pytest
import torch

from mmcnx2.checkpoints.files import (
    CheckpointError,
    add_hash_to_name,
    read_checkpoint,
    save_checkpoint,
)
from mmcnx2.checkpoints.integrity import sha256_of
from tests.support.states import assert_same_state

TENSORS = {'a': torch.arange(6.0).view(2, 3), 'b': torch.ones(2, dtype=torch.float64)}


@pytest.mark.parametrize('ending', ['pth', 'pt', 'bin', 'safetensors'])
def test_what_is_written_is_read(tmp_path, ending):
    path = tmp_path / 'new' / 'folder' / f'weights.{ending}'
    save_checkpoint(TENSORS, path)
    assert_same_state(TENSORS, dict(read_checkpoint(path)))


def test_safetensors_holds_the_tensors_of_a_checkpoint(tmp_path):
    shared = torch.arange(4.0)
    tensors = {'one': shared, 'view': shared[1:], 'turned': TENSORS['a'].T}
    save_checkpoint({'state_dict': tensors, 'meta': {'epoch': 1}}, tmp_path / 'w.safetensors')
    assert_same_state(tensors, dict(read_checkpoint(tmp_path / 'w.safetensors')))


def test_safetensors_refuses_what_it_cannot_hold(tmp_path):
    with pytest.raises(ValueError, match=r'cannot hold epoch: \.safetensors holds tensors'):
        save_checkpoint({'a': TENSORS['a'], 'epoch': 3}, tmp_path / 'w.safetensors')


def test_arguments_of_a_training_program_are_no_obstacle(tmp_path):
    checkpoint = {'model': TENSORS, 'args': argparse.Namespace(lr=0.1, layers=[1, 2]), 'epoch': 3}
    torch.save(checkpoint, tmp_path / 'official.pth')
    assert read_checkpoint(tmp_path / 'official.pth')['args'].lr == 0.1


class RunsCode:
    def __init__(self, evidence):
        self.evidence = str(evidence)

    def __reduce__(self):
        import os

        return os.mkdir, (self.evidence,)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    evidence = tmp_path / 'it_ran'
    torch.save({'model': TENSORS, 'extra': RunsCode(evidence)}, tmp_path / 'stranger.pth')
    with pytest.raises(CheckpointError, match=r'stranger.pth.*it asks for posix.mkdir'):
        read_checkpoint(tmp_path / 'stranger.pth')
    assert not evidence.exists()


@pytest.mark.parametrize(
    'contents, reason',
    [
        (None, 'does not exist'),
        (Path.mkdir, 'is no file'),
        (os.mkfifo, 'is no file'),
        (lambda path: path.symlink_to('nowhere'), 'does not exist'),
        (lambda path: path.write_bytes(b''), 'it is empty'),
        (lambda path: path.write_text('<html>Not Found</html>'), 'cannot be read'),
        (lambda path: path.write_bytes(b'PK' + bytes(99)), 'written .its table of contents cannot'),
        (lambda path: path.write_bytes(bytes(99)), 'cannot be read'),
        (
            lambda path: path.write_bytes(damaged_pickle()),
            'cannot be read .its bytes are no weights.',
        ),
    ],
)
@pytest.mark.parametrize('ending', ['pth', 'safetensors'])
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path, contents, reason, ending):
    path = tmp_path / f'file.{ending}'
    if contents:
        contents(path)
    if ending == 'safetensors' and path.is_file() and path.stat().st_size:
        reason = 'its table of contents cannot be read: Error while deserializing'
    with pytest.raises(CheckpointError, match=f"^checkpoint '{path}' .*{reason}.*[.]$") as refusal:
        read_checkpoint(path)
    assert '\n' not in str(refusal.value)
    assert re.match('its? ', refusal.value.reason)


def test_a_file_that_holds_no_dict_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(CheckpointError, match='holds a list, but must hold a dict'):
        read_checkpoint(tmp_path / 'list.pth')


def damaged_pickle() -> bytes:
    """Return an old-style file whose pickle asks for something that it never noted."""
    file = io.BytesIO()
    torch.save({'a': 1}, file, _use_new_zipfile_serialization=False)
    end = pickle.dumps({'a': 1}, 2)
    return file.getvalue().replace(end, b'\x80\x02h\x4d.')


def test_a_file_without_permission_is_refused_in_one_sentence(tmp_path, monkeypatch):
    """Root may read everything: what opening ends in for others is raised instead."""
    torch.save(TENSORS, tmp_path / 'theirs.pth')

    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(torch, 'load', refuse)
    with pytest.raises(CheckpointError, match='read .PermissionError: Permission denied.'):
        read_checkpoint(tmp_path / 'theirs.pth')


def test_the_name_ends_in_the_hash_as_openmmlab_publishes(tmp_path):
    path = tmp_path / 'model.pth'
    save_checkpoint(TENSORS, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert sha256_of(path) == digest
    renamed = add_hash_to_name(path)
    assert renamed == tmp_path / f'model-{digest[:8]}.pth'
    assert renamed.is_file() and not path.exists()


def test_saving_with_the_hash_leaves_a_file_of_the_name_without_it_alone(tmp_path):
    (tmp_path / 'model.pth').write_text('a week of work')
    path = save_checkpoint(TENSORS, tmp_path / 'model.pth', hash_in_name=True)
    assert path.name == f'model-{sha256_of(path)[:8]}.pth'
    assert save_checkpoint(TENSORS, tmp_path / 'model.pth', hash_in_name=True) == path
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name, 'model.pth']
    assert (tmp_path / 'model.pth').read_text() == 'a week of work'


@pytest.mark.parametrize('ending', ['pth', 'safetensors'])
def test_a_write_that_breaks_off_leaves_the_earlier_file_and_nothing_else(
    ending, tmp_path, monkeypatch
):
    save_checkpoint(TENSORS, tmp_path / f'model.{ending}')

    def break_off(_, path, *__, **___):
        Path(path).write_bytes(b'half')
        raise OSError('disk full')

    monkeypatch.setattr(torch, 'save', break_off)
    monkeypatch.setattr('safetensors.torch.save_file', break_off)
    with pytest.raises(OSError, match='disk full'):
        save_checkpoint({'a': torch.zeros(1)}, tmp_path / f'model.{ending}')
    assert [path.name for path in tmp_path.iterdir()] == [f'model.{ending}']
    assert_same_state(TENSORS, dict(read_checkpoint(tmp_path / f'model.{ending}')))
