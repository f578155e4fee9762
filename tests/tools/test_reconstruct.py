"""tools/visualization/reconstruct.py from the command line."""

import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmcnx2.registry import MODELS
from tests.support.command_line import ROOT, passed
from tests.support.forked_tool import tool
from tests.support.in_process import refusal
from tests.support.pictures import photograph
from tests.support.toy_config import shrink

CONFIG = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
TOOL = 'visualization/reconstruct.py'


@pytest.fixture
def trained(tmp_path):
    cfg = shrink(Config.fromfile(CONFIG))
    cfg.dump(tmp_path / 'config.py')
    cfg.model.data_preprocessor.type = 'mmpretrain.SelfSupDataPreprocessor'
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'epoch_1.pth')
    (tmp_path / 'photos/deep').mkdir(parents=True)
    for i, name in enumerate(['a.png', 'b.png', 'deep/c.png']):
        photograph(64, 80, seed=i).save(tmp_path / 'photos' / name)
    return tmp_path


def test_draws_a_folder_page_by_page(trained):
    said = passed(
        tool(TOOL, 'config.py', 'epoch_1.pth', 'photos', '--size', '64', '--mask-ratio', '0.5',
             '--seed', '4', '--batch-size', '2', '--device', 'cpu', '--out', 'out/page.png',
             cwd=trained)
    )  # fmt: skip
    assert 'Wrote 3 pictures to 2 pages beside out/page.png' in said
    pages = sorted((trained / 'out').iterdir())
    assert [page.name for page in pages] == ['page_001.png', 'page_002.png']
    assert all(Image.open(page).width > 400 for page in pages)


def test_what_is_missing_or_wrong_is_one_sentence(trained, monkeypatch):
    monkeypatch.chdir(trained)
    fits = ('config.py', 'epoch_1.pth')
    assert "checkpoint 'no.pth' does not exist" in refusal(TOOL, CONFIG, 'no.pth', 'photos')
    assert "'none' does not exist" in refusal(TOOL, *fits, 'none')
    assert '80 px do not divide' in refusal(TOOL, *fits, 'photos', '--size', '80')
    assert 'mask ratio=0.9 keeps none of 4 patches' in refusal(
        TOOL, *fits, 'photos', '--size', '64', '--mask-ratio', '0.9'
    )
    (trained / 'broken.png').write_text('no image')
    assert "'broken.png' cannot be read" in refusal(TOOL, *fits, 'broken.png', '--size', '64')
