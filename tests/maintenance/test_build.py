"""What goes into a release: the files that git lists, new ones too, and nothing that lies about."""

from maintenance import build
from tests.support.command_line import ROOT


def test_it_is_the_project_and_nothing_that_is_ignored():
    names = build.listed()
    assert {'setup.py', 'mmcnx2/__init__.py', 'configs/fcmae/metafile.yml'} <= {*names}
    assert not [name for name in names if '__pycache__' in name or name.startswith('.venv')]
    assert all((ROOT / name).is_file() for name in names)


def test_earlier_archives_go_and_nothing_else(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(build, 'listed', lambda: ['setup.py'])
    monkeypatch.setattr(build.subprocess, 'run', lambda words, check: started.append(words))
    for name in ('mmcnx2-0.0.1.tar.gz', 'notes.txt'):
        (tmp_path / name).touch()
    assert build.build(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ['notes.txt']
    (words,) = started
    assert words[1:4] == ['-m', 'build', '--no-isolation'] and words[-1] != str(ROOT)
