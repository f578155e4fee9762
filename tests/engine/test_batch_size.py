"""The largest batch that fits is found by trying; a trial leaves nothing behind."""

import pytest
from mmengine.config import Config

from mmcnx2.engine.batch_size import largest, take_steps
from tests.support.command_line import ROOT
from tests.support.pictures import photograph
from tests.support.toy_config import shrink


@pytest.mark.parametrize(
    ('limit', 'found'), [(0, 1), (1, 1), (7, 4), (8, 8), (63, 32), (64, 64), (200, 128), (999, 256)]
)
def test_doubling_and_halving_find_what_fits(limit, found):
    tried = []

    def fits(size: int) -> bool:
        tried.append(size)
        return size <= limit

    assert largest(fits, first=64, most=256) == found
    assert len(tried) == len(set(tried)), 'a size is tried twice'


def test_no_more_than_there_are_images_are_tried():
    assert largest(lambda size: True, first=64, most=40) == 40


def test_a_trial_trains_and_leaves_the_config_as_it_was(tmp_path):
    for number in range(3):
        photograph(64, 64, seed=number).save(tmp_path / f'{number}.png')
    cfg = shrink(Config.fromfile(ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'))
    cfg.train_dataloader.dataset.data_root = str(tmp_path)
    cfg.train_dataloader.dataset.pipeline[1].scale = 64
    cfg.optim_wrapper = dict(type='OptimWrapper', optimizer=cfg.optim_wrapper.optimizer)
    before = cfg.pretty_text
    take_steps(cfg, 2, device='cpu')
    assert cfg.pretty_text == before
