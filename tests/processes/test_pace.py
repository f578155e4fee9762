"""Work in pieces, with rests as long as the pace says, until somebody waits for it."""

import threading
import time

import pytest

from mmcnx2.processes.pace import PIECE, Pace, PacedBytes, PacedReader, rest


@pytest.fixture
def rests(monkeypatch) -> list[float]:
    """Seconds of each rest, none of which is taken; a piece takes a hundredth of a second."""
    taken, worked = [], [0.0]

    def computed() -> float:
        worked[0] += 0.01
        return worked[0]

    monkeypatch.setattr(time, 'thread_time', computed)
    monkeypatch.setattr(threading.Event, 'wait', lambda event, seconds: taken.append(seconds))
    return taken


@pytest.mark.parametrize(('share', 'seconds'), [(0.1, 0.09), (0.5, 0.01), (1, 0.0)])
def test_a_piece_is_followed_by_a_rest(share, seconds, rests):
    with Pace(share).kept():
        rest()
        rest()
    assert rests == pytest.approx([seconds] * 2)


def test_small_pieces_are_worked_together(rests, monkeypatch):
    worked = iter([0, 0.4 * PIECE, 0.8 * PIECE, 1.2 * PIECE, 9])
    monkeypatch.setattr(time, 'thread_time', lambda: next(worked))
    with Pace(0.5).kept():
        for _ in range(3):
            rest()
    assert rests == pytest.approx([1.2 * PIECE])


def test_who_keeps_no_pace_does_not_rest(rests):
    rest()
    with Pace(0.1).kept():
        pass
    rest()
    assert not rests


def test_it_does_not_rest_once_somebody_waits(monkeypatch):
    pace = Pace(1e-9)  # a rest would take months
    monkeypatch.setattr('mmcnx2.processes.pace.PIECE', 0.0)
    with pace.kept():
        pace.hurry()
        rest()


def test_it_does_not_rest_once_the_main_thread_has_ended(rests, monkeypatch):
    monkeypatch.setattr(threading.main_thread(), 'is_alive', lambda: False)
    with Pace(0.1).kept():
        rest()
    assert not rests


def test_memory_and_files_are_written_and_read_at_the_pace(rests, tmp_path):
    (tmp_path / 'file').write_bytes(b'0123456789')
    with Pace(0.1).kept(), PacedBytes() as memory, PacedReader(tmp_path / 'file') as file:
        while piece := file.read(4):
            memory.write(piece)
        assert memory.getvalue() == b'0123456789'
    assert len(rests) == 4 + 3
