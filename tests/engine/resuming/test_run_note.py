"""A folder knows its run."""

import random

import pytest

from mmcnx2.engine.resuming.run_note import FILE, RunNote


def test_what_is_written_is_read(tmp_path):
    note = RunNote.of_new_run(tmp_path / 'a' / '..' / 'b.pth')
    note.write(tmp_path)
    assert RunNote.read(tmp_path) == note
    assert note.began_from == str(tmp_path / 'b.pth')


def test_each_run_has_its_own_whatever_the_seed():
    random.seed(0)
    one = RunNote.of_new_run().id
    random.seed(0)
    assert RunNote.of_new_run().id != one


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\xff',
        b'{',
        b'[]',
        b'null',
        b'{"id": 5}',
        b'{"id": "a", "began_from": 1}',
    ],
)
def test_a_note_that_cannot_be_read_is_none(content, tmp_path):
    (tmp_path / FILE).write_bytes(content)
    assert RunNote.read(tmp_path) is None


def test_no_note_is_none(tmp_path):
    assert RunNote.read(tmp_path / 'nowhere') is None
