"""What lies below a folder is an image, or is counted and named among what is left out."""

import os
from pathlib import Path

import pytest

from mmcnx2.datasets.listing import list_files, list_images
from mmcnx2.datasets.readers import Reader, readable_endings


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.fixture
def photographs_alone(monkeypatch):
    """As if no package of another format were installed."""
    monkeypatch.setattr(Reader, 'installed', property(lambda reader: not reader.package))


def test_a_phones_folder_is_accounted_for(tmp_path, photographs_alone):
    touch(tmp_path, 'a.PNG', *(f'{i}.HEIC' for i in range(4)), 'raw.CR2', 'LICENSE', '.hidden')
    found = list_images(str(tmp_path), readable_endings())
    assert found.images == ['a.PNG'] and found.mendable
    assert found.describe() == (
        f"Found 1 image below '{tmp_path}' (1 .png); left out: 4 .heic, 1 without ending, 1 .cr2 "
        '(HEIC is read after pip install pillow-heif); 1 hidden.'
    )


def test_each_format_without_its_package_is_named_with_what_to_install(tmp_path, photographs_alone):
    touch(tmp_path, 'a.jpg', 'b.dcm', 'c.hif')
    said = list_images(str(tmp_path), readable_endings()).describe()
    assert said.endswith(
        '(DICOM is read after pip install pydicom, HEIC is read after pip install pillow-heif).'
    )


def test_with_its_package_an_ending_counts_as_an_images(tmp_path, monkeypatch):
    monkeypatch.setattr(Reader, 'installed', True)
    touch(tmp_path, 'a.heic', 'b.jpg')
    found = list_images(str(tmp_path), readable_endings())
    assert found.images == ['a.heic', 'b.jpg'] and not found.mendable
    assert found.describe() == f"Found 2 images below '{tmp_path}' (1 .heic, 1 .jpg)."


def test_ten_endings_are_named_and_the_others_counted(tmp_path):
    touch(tmp_path, 'a.jpg', *(f'{i}.x{i:02d}' for i in range(13)))
    assert list_images(str(tmp_path), readable_endings()).describe().endswith('1 .x09, 3 others.')


def test_pipes_and_devices_with_an_images_name_are_named(tmp_path):
    touch(tmp_path, 'a.jpg')
    (tmp_path / 'link.jpg').symlink_to('a.jpg')
    (tmp_path / 'zero.jpg').symlink_to('/dev/zero')
    (tmp_path / 'nothing.jpg').symlink_to('nowhere')
    (tmp_path / 'itself.jpg').symlink_to('itself.jpg')
    os.mkfifo(tmp_path / 'b.jpg')
    os.mkfifo(tmp_path / 'control')
    found = list_images(str(tmp_path), readable_endings())
    assert found.images == ['a.jpg', 'itself.jpg', 'link.jpg', 'nothing.jpg'] and found.mendable
    assert "2 that are no regular files: 'b.jpg' (a pipe), 'zero.jpg' (a dev" in found.describe()


def test_folders_that_cannot_be_listed_are_counted_and_named(tmp_path, monkeypatch):
    names = ['a', 'b/deep', 'c', 'd', 'e']
    touch(tmp_path, *(f'{name}/x.jpg' for name in names))
    scandir = os.scandir

    def refuse(folder):
        if folder.endswith(('/a', '/deep', '/c', '/d')):
            raise PermissionError(13, 'Permission denied', folder)
        return scandir(folder)

    monkeypatch.setattr(os, 'scandir', refuse)
    found = list_images(str(tmp_path), readable_endings())
    assert found.images == ['e/x.jpg'] and found.mendable
    said = found.describe()
    assert "4 folders that cannot be listed: 'a' (Permission denied), 'b/deep' (Perm" in said
    assert said.endswith("'c' (Permission denied) and 1 more.")


def test_files_of_any_ending_are_listed_but_for_pipes(tmp_path):
    touch(tmp_path, 'b/a.jpg', 'c.txt', '.hidden')
    os.mkfifo(tmp_path / 'd.jpg')
    assert list(list_files(str(tmp_path))) == ['b/a.jpg', 'c.txt']


def test_names_that_are_no_utf8_can_be_written_to_any_log(tmp_path):
    (tmp_path / 'caf\udce9').mkdir()
    os.mkfifo(tmp_path / 'caf\udce9/b\udce9.jpg')
    touch(tmp_path, 'caf\udce9/a.jpg')
    said = list_images(str(tmp_path), readable_endings()).describe()
    assert r"'caf\udce9/b\udce9.jpg' (a pipe)" in said
    said.encode()
