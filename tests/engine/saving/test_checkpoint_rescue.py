"""A checkpoint that does not fit: room is made for it, another place found, or weights saved."""

import pytest

from mmcnx2.engine.saving.checkpoint_rescue import rescue


class Disks:
    """Folders with room for so much; a whole checkpoint takes 3, its weights 1."""

    def __init__(self, **room: int):
        self.room = room
        self.files = []

    def save(self, folder: str, name: str, whole: bool) -> OSError | None:
        size = 3 if whole else 1
        if self.room[folder] < size:
            return OSError('no room')
        self.room[folder] -= size
        self.files.append(f'{folder}/{name}')
        return None

    def remove(self, path: str) -> None:
        self.room[path.split('/')[0]] += 3
        self.files.append(f'- {path}')

    def rescue(self, *removable: str) -> str:
        folders = list(self.room)
        return rescue('a.pth', folders, save=self.save, removable=removable, remove=self.remove)


def test_it_may_fit_by_now():
    disks = Disks(home=3)
    assert disks.rescue('home/1', 'home/2') == 'home'
    assert disks.files == ['home/a.pth']


def test_no_more_is_removed_than_it_takes():
    disks = Disks(home=0, away=9)
    assert disks.rescue('home/1', 'home/2') == 'home'
    assert disks.files == ['- home/1', 'home/a.pth']


def test_what_another_place_holds_whole_is_not_lost():
    disks = Disks(home=1, away=3)
    assert disks.rescue() == 'away'
    assert disks.files == ['home/weights_of_a.pth', 'away/a.pth']


def test_weights_alone_are_better_than_nothing():
    disks = Disks(home=-3, away=1)
    with pytest.raises(OSError, match="no room, .*1 older .*alone are in 'away/weights_of_a.pth'"):
        disks.rescue('home/1')


def test_nothing_fits():
    with pytest.raises(OSError, match='no room; not even the weights alone fit'):
        Disks(home=0, away=0).rescue()
