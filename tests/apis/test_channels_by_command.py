"""Images of many channels by the same commands: measured, trained on, classified, exported."""

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


def test_bands_go_from_pre_training_to_an_export(tiles, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    options = dict(epochs=1, batch_size=4, workers=0)
    small = {'model.backbone.arch': ARCH}
    pre = mmcnx2.pretrain(tiles, out=tmp_path / 'pre-tiles', set=small, **options)
    assert pre.arguments['size'] == 64
    run = mmcnx2.finetune(tiles, out=tmp_path / 'cls-tiles', from_=pre, **options)
    trained = Config.fromfile(f'{run.folder}/config_run.py').model
    assert trained.backbone.in_channels == 6
    assert trained.data_preprocessor.mean == pytest.approx([2000] * 6, rel=0.05)
    kinds = [each['type'] for each in Config.fromfile(run.config).train_dataloader.dataset.pipeline]
    assert 'RandAugment' not in kinds, 'it is meant for 8-bit color'
    capsys.readouterr()
    mmcnx2.knn(tiles, from_=pre, k=3)
    assert 'k-NN top-1' in capsys.readouterr().out
    mmcnx2.export(run, tmp_path / 'model.pt2')
    assert (tmp_path / 'model.pt2').is_file()


def test_bands_are_chosen_by_a_word(tiles, tmp_path):
    run = mmcnx2.pretrain(tiles, out=tmp_path / 'three', bands='4,3,2', config_only=True)
    assert Config.fromfile(run.config).bands == [4, 3, 2]
    with pytest.raises(ValueError, match="bands is '4,0', but channels from 1 to 64 with commas"):
        mmcnx2.pretrain(tiles, out=tmp_path / 'none', bands=[4, 0])
