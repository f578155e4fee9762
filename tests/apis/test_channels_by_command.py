"""Images of many channels by the same commands: measured, trained on, classified, exported."""

import shutil

import cv2
import numpy as np
import pytest
import tifffile
from mmengine.config import Config

import mmcnx2
from tests.support.toy import ARCH


@pytest.fixture(scope='module')
def tiles(tmp_path_factory):
    """Two classes of 64 px, six bands of 12 bits; one is brighter."""
    root = tmp_path_factory.mktemp('tiles')
    draw = np.random.default_rng(0)
    for name, brightness in (('dark', 0), ('light', 500)):
        (root / name).mkdir()
        for number in range(6):
            pixels = draw.integers(0, 3500, (64, 64, 6)) + brightness
            tifffile.imwrite(
                root / name / f'{number}.tif',
                pixels.astype('uint16'),
                photometric='minisblack',
                planarconfig='contig',
            )
    return root


@pytest.fixture(scope='module')
def runs(tiles, tmp_path_factory):
    root = tmp_path_factory.mktemp('runs')
    options = dict(epochs=1, batch_size=4, workers=0, device='cpu')
    pre = mmcnx2.pretrain(tiles, out=root / 'pre', set={'model.backbone.arch': ARCH}, **options)
    return pre, mmcnx2.finetune(tiles, out=root / 'cls', from_=pre, **options)


def test_bands_go_from_pre_training_to_an_export(runs, tiles, tmp_path, capsys):
    pre, run = runs
    assert pre.arguments['size'] == 64
    trained = Config.fromfile(f'{run.folder}/config_run.py').model
    assert trained.backbone.in_channels == 6
    assert trained.data_preprocessor.mean == pytest.approx([2000] * 6, rel=0.05)
    kinds = [each['type'] for each in Config.fromfile(run.config).train_dataloader.dataset.pipeline]
    assert 'RandAugment' not in kinds, 'it is meant for 8-bit color'
    capsys.readouterr()
    mmcnx2.knn(tiles, from_=pre, k=3, device='cpu')
    assert 'k-NN top-1' in capsys.readouterr().out
    mmcnx2.export(run, tmp_path / 'model.pt2')
    assert (tmp_path / 'model.pt2').is_file()


def test_bands_are_chosen_by_a_word(tiles, tmp_path):
    run = mmcnx2.pretrain(tiles, out=tmp_path / 'three', bands='4,3,2', config_only=True)
    assert Config.fromfile(run.config).bands == [4, 3, 2]
    with pytest.raises(ValueError, match="bands is '4,0', but channels from 1 to 64 with commas"):
        mmcnx2.pretrain(tiles, out=tmp_path / 'none', bands=[4, 0])


def test_what_is_filled_in_and_found_is_drawn_in_three_bands(runs, tiles, tmp_path, capsys):
    pre, run = runs
    mmcnx2.reconstruct(pre, tiles / 'dark', out=tmp_path / 'filled.png', show='6,5,4', device='cpu')
    mmcnx2.report(pre, out=tmp_path / 'report.html', device='cpu')
    page = (tmp_path / 'report.html').read_text()
    assert 'Drawn are channels 1, 2, 3 as red, green, blue' in page
    assert cv2.imread(str(tmp_path / 'filled.png')).std() > 20
    mmcnx2.predict(run, tiles / 'light', out=tmp_path / 'drawn', show='4,3,2', device='cpu')
    said = capsys.readouterr().out
    assert 'They show channels 4, 3, 2 as red, green, blue, percentiles 2 to 98.' in said
    names = {path.name for path in (tmp_path / 'drawn').glob('*.png')}
    assert names == {f'{number}.png' for number in range(6)}
    with pytest.raises(ValueError, match='the model sees no channel 9: choose among 1,2,3,4,5,6'):
        mmcnx2.predict(run, tiles / 'light', out=tmp_path / 'drawn', show='9', device='cpu')
    with pytest.raises(ValueError, match='sees no channel 7'):
        mmcnx2.reconstruct(pre, tiles, out=tmp_path / 'filled.png', show='7,5,4', device='cpu')


def test_pictures_of_another_kind_are_named(runs, tiles, tmp_path, capsys):
    pre, run = runs
    shutil.copytree(tiles / 'dark', tmp_path / 'mixed')
    cv2.imwrite(str(tmp_path / 'mixed/-rgb.png'), np.zeros((64, 64, 3), np.uint8))
    mmcnx2.predict(run, tmp_path / 'mixed', out=tmp_path / 'drawn', device='cpu')
    said = capsys.readouterr().out
    assert 'Wrote 6 pictures' in said
    assert 'Left out 1 that cannot be read: ' in said
    differ = 'has 3 channels of uint8, but the model was {} on 6 of uint16'
    assert differ.format('trained') in said
    with pytest.raises(ValueError, match=differ.format('pre-trained')):
        mmcnx2.reconstruct(
            pre, tmp_path / 'mixed/-rgb.png', out=tmp_path / 'filled.png', device='cpu'
        )


def test_regions_of_bands_are_learnt_and_drawn(tiles, tmp_path, capsys):
    for folder in ('images', 'masks'):
        (tmp_path / 'data' / folder).mkdir(parents=True)
    (tmp_path / 'data/classes.txt').write_text('land\nwater\n')
    for number in range(5):
        shutil.copy(tiles / f'dark/{number}.tif', tmp_path / 'data/images')
        mask = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64) % 2
        cv2.imwrite(str(tmp_path / f'data/masks/{number}.png'), mask)
    small = {
        'model.backbone.arch': ARCH,
        'model.decode_head.channels': 16,
        'model.auxiliary_head.channels': 16,
    }
    run = mmcnx2.segment(
        tmp_path / 'data', out=tmp_path / 'seg', epochs=1, batch_size=4, workers=0, device='cpu',
        set=small,
    )  # fmt: skip
    mmcnx2.predict(run, tmp_path / 'data/images', out=tmp_path / 'drawn', device='cpu')
    assert 'channels 1, 2, 3 as red, green, blue, percentiles' in capsys.readouterr().out
    names = {path.name for path in (tmp_path / 'drawn/vis').iterdir()}
    assert names == {f'{number}.tif.png' for number in range(5)}
    assert len(list((tmp_path / 'drawn/pred').iterdir())) == 5
    mmcnx2.report(run, out=tmp_path / 'report.html', device='cpu')
    page = (tmp_path / 'report.html').read_text()
    assert 'Worst pictures' in page and 'Drawn are channels 1, 2, 3 as red' in page
