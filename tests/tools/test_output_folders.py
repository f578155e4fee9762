"""Tools that fill folders with pictures: never one that holds anything else."""

import pytest

from tests.support.command_line import ROOT
from tests.support.in_process import refusal
from tests.support.pictures import photograph

CLASSIFIER = ROOT / 'configs/demo/convnextv2-mini_1xb15-50e_scenes.py'
SEGMENTOR = ROOT / 'configs/demo/upernet_convnextv2-mini_1xb8-350i_scenes-96x96.py'
VIS = 'analysis_tools/vis_predictions.py'


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkpoint, folders where data would be, and the owner's photographs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'epoch_1.pth').touch()
    (tmp_path / 'photos').mkdir()
    for name in ('a.png', 'a.jpg', 'b.v1.jpg', 'b.v2.jpg'):
        photograph(40, 40).save(tmp_path / 'photos' / name)
    for folder in ('imagenet', 'ade', 'unlabelled'):
        (tmp_path / 'data' / folder).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('test.py', [CLASSIFIER, 'epoch_1.pth', '--show-dir', 'photos']),
        ('test.py', [SEGMENTOR, 'epoch_1.pth', '--out', 'photos']),
        ('analysis_tools/browse_dataset.py', [CLASSIFIER, '--output-dir', 'photos']),
        (VIS, [CLASSIFIER, 'epoch_1.pth', 'photos/a.png', '--out-dir', '.']),
        (VIS, [CLASSIFIER, 'epoch_1.pth', 'photos', '--out-dir', 'photos']),
    ],
    ids=['shown', 'label maps', 'browsed', 'around the image', 'predictions'],
)
def test_photographs_are_neither_overwritten_nor_joined(name, words, root):
    before = {path: path.stat().st_mtime_ns for path in root.rglob('*')}
    said = refusal(name, *words, '--cfg-options', 'data_root=data')
    assert 'files that this tool did not make' in said or "lies in the results' folder" in said
    assert {path: path.stat().st_mtime_ns for path in root.rglob('*')} == before


def test_predictions_are_not_put_where_a_file_is_or_over_the_checkpoint(root):
    data = ('--cfg-options', 'data_root=data')
    said = refusal('test.py', CLASSIFIER, 'epoch_1.pth', '--out', 'epoch_1.pth/a.pkl', *data)
    assert "epoch_1.pth' is no folder" in said
    said = refusal('test.py', CLASSIFIER, 'epoch_1.pth', '--out', 'epoch_1.pth', *data)
    assert 'its name must end in .pkl or .pickle' in said


@pytest.mark.parametrize('names', [('a.png', 'a.jpg'), ('b.v1.jpg', 'b.v2.jpg')])
def test_two_pictures_are_not_drawn_over_each_other(names, root):
    for path in (root / 'photos').iterdir():
        path.unlink() if path.name not in names else None
    said = refusal(VIS, CLASSIFIER, 'epoch_1.pth', 'photos')
    assert f"would both be drawn as '{names[0][0]}.png': rename one" in said
    assert not (root / 'predictions').exists()
