"""Whatever lies in a run's folder, scanning it ends, and says what it saw."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from mmcnx2.engine.resuming.scan import (
    checkpoint_folders,
    last_checkpoint,
    scan,
    written_by_runs,
)
from tests.support.saved import save


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / 'gone')


def circular(path: Path) -> None:
    path.symlink_to(path)


def empty(path: Path) -> None:
    path.touch()


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 10)


def page(path: Path) -> None:
    path.write_text('<!doctype html><title>404</title>')


def truncated(path: Path) -> None:
    path.write_bytes(save(path).read_bytes()[:-100])


def short_archive(path: Path) -> None:
    path.write_bytes(save(path).read_bytes()[:-1])


def damaged_pickle(path: Path) -> None:
    path.write_bytes(b'\x80\x02}q\x00h\xffs.')  # asks for what was never stored


def unsafe(path: Path) -> None:
    torch.save(dict(optimizer=os.getcwd), path)


def a_list(path: Path) -> None:
    torch.save([1, 2], path)


def a_tensor(path: Path) -> None:
    torch.save(torch.ones(2), path)


def weights(path: Path) -> None:
    torch.save(dict(weight=torch.ones(2)), path)


def no_meta(path: Path) -> None:
    save(path, meta=None)


def meta_is_text(path: Path) -> None:
    save(path, meta='iter 5')


def steps_are_text(path: Path) -> None:
    save(path, meta=dict(epoch=1, iter='5'))


def steps_are_negative(path: Path) -> None:
    save(path, meta=dict(epoch=1, iter=-5))


def steps_are_a_tensor(path: Path) -> None:
    save(path, meta=dict(epoch=1, iter=torch.ones(2)))


def no_epoch(path: Path) -> None:
    save(path, meta=dict(iter=5))


def no_history(path: Path) -> None:
    save(path, message_hub=None)


def old_format(path: Path) -> None:
    torch.save(dict(a=1), path, _use_new_zipfile_serialization=False)


DAMAGED = [
    dangling, circular, empty, garbage, page, truncated, short_archive, damaged_pickle, unsafe,
]  # fmt: skip
FOREIGN = [
    folder, pipe, no_meta, meta_is_text, steps_are_text, steps_are_negative, steps_are_a_tensor,
    no_epoch, no_history, a_list, a_tensor,
]  # fmt: skip
NO_CLAIM = [weights, old_format]


@pytest.mark.parametrize('make', DAMAGED + FOREIGN + NO_CLAIM, ids=lambda make: make.__name__)
def test_litter_is_named_and_hides_nothing(make, tmp_path):
    make(tmp_path / 'litter.pth')
    save(tmp_path / 'iter_5.pth', step=5, run='a')
    found = scan([tmp_path])
    assert [(saved.path.name, saved.step, saved.run) for saved in found.resumable] == [
        ('iter_5.pth', 5, 'a')
    ]
    named = {path.name: reason for path, reason in (found.damaged | found.foreign).items()}
    assert list(named) == ([] if make in NO_CLAIM else ['litter.pth'])
    assert [path.name for path in found.damaged] == (['litter.pth'] if make in DAMAGED else [])
    for reason in named.values():
        assert reason.startswith(('it ', 'its ')) and len(reason) < 120 and '\n' not in reason, (
            reason
        )


def test_any_error_of_reading_passes_a_file_over(tmp_path, monkeypatch):
    path = save(tmp_path / 'iter_1.pth')
    for error in (KeyError(1768), RecursionError(), MemoryError(), AttributeError('x'), OSError(5)):
        monkeypatch.setattr(torch, 'load', lambda *_, e=error, **__: (_ for _ in ()).throw(e))
        assert list(scan([tmp_path]).damaged) == [path]


def test_no_code_is_run(tmp_path):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'code was run'),)

    (tmp_path / 'a.pth').write_bytes(pickle.dumps(dict(optimizer=Attack())))
    torch.save(dict(optimizer=Attack()), tmp_path / 'b.pth')
    assert len(scan([tmp_path]).damaged) == 2
    assert not (tmp_path / 'code was run').exists()


def test_weights_alone_are_told_from_what_can_be_resumed(tmp_path):
    save(tmp_path / 'best.pth', step=3, resumable=False)
    found = scan([tmp_path])
    assert [saved.path.name for saved in found.saved] == ['best.pth']
    assert not found.resumable


@pytest.mark.parametrize(
    'note', [b'', b'\xff\xfe\x00garbage', b'a\x00b', b'  \n', b'x' * 5000 + b'\n', b'one\ntwo']
)
def test_garbage_in_the_note_of_the_last_checkpoint_is_no_error(note, tmp_path):
    (tmp_path / 'last_checkpoint').write_bytes(note)
    named = last_checkpoint(tmp_path)
    assert named is None or named == 'x' * 5000
    assert checkpoint_folders(tmp_path) == [tmp_path]


def test_checkpoints_may_have_a_folder_of_their_own(tmp_path):
    folders = checkpoint_folders(tmp_path / 'run', str(tmp_path / 'store'))
    assert folders == [tmp_path / 'run', tmp_path / 'store/run']
    assert checkpoint_folders(tmp_path / 'run', 's3://bucket') == [tmp_path / 'run']


def test_what_a_new_run_would_overwrite_is_found_by_content_and_by_name(tmp_path):
    save(tmp_path / 'mine.pth')
    save(tmp_path / 'best_acc_epoch_3.pth', resumable=False)
    (tmp_path / 'epoch_10.pth').write_bytes(b'damaged')
    (tmp_path / 'epoch_9.pth').mkdir()
    (tmp_path / 'interrupted.pth').touch()
    weights(tmp_path / 'pretrained.pth')
    (tmp_path / 'notes.txt').touch()
    assert [path.name for path in written_by_runs([tmp_path, tmp_path / 'none'])] == [
        'best_acc_epoch_3.pth', 'epoch_9.pth', 'epoch_10.pth', 'interrupted.pth', 'mine.pth',
    ]  # fmt: skip
