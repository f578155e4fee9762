"""FCMAEInferencer: files, folders and batches; weights of any dialect; errors in a sentence."""

import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmcnx2.apis import FCMAEInferencer
from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.registry import MODELS
from tests.support.command_line import ROOT
from tests.support.pictures import photograph
from tests.support.toy_config import shrink

CONFIG = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'photos/deep').mkdir(parents=True)
    for i, name in enumerate(['a.png', 'b.png', 'deep/c.jpg', 'deep/d.jpg', 'e.png']):
        photograph(70 + i, 90, seed=i).save(tmp_path / 'photos' / name)
    return tmp_path / 'photos'


@pytest.fixture
def trained(tmp_path):
    cfg = shrink(Config.fromfile(CONFIG))
    torch.manual_seed(0)
    cfg.model.data_preprocessor.type = 'mmpretrain.SelfSupDataPreprocessor'
    state = MODELS.build(cfg.model).state_dict()
    torch.save(dict(state_dict=state), tmp_path / 'epoch_1.pth')
    sparse = convert_state_dict(state, to='official_sparse')
    torch.save(dict(model=sparse), tmp_path / 'official.pth')
    return cfg, tmp_path


def test_a_folder_in_batches_gives_what_its_files_give(folder, trained):
    cfg, root = trained
    inferencer = FCMAEInferencer(cfg, root / 'epoch_1.pth', device='cpu', size=64)
    files = sorted(folder.rglob('*.*'), key=lambda path: path.relative_to(folder).parts)
    whole = inferencer(folder, seed=3, batch_size=8)
    parts = inferencer([str(file) for file in files], seed=3, batch_size=2)
    assert whole.image.shape == (5, 3, 64, 64) and whole.visible.shape == (5, 2, 2)
    for name in ('visible', 'image', 'reconstruction', 'prediction'):
        torch.testing.assert_close(getattr(whole, name), getattr(parts, name), atol=1e-3, rtol=0)
    assert inferencer(files[0], ratio=0.75).visible.sum() == 1


def test_official_weights_reconstruct_the_same(folder, trained):
    cfg, root = trained
    ours, official = (
        FCMAEInferencer(cfg, root / name, device='cpu', size=64)(folder / 'a.png', seed=1)
        for name in ('epoch_1.pth', 'official.pth')
    )
    torch.testing.assert_close(ours.prediction, official.prediction)


def test_pages_are_numbered_where_one_is_not_enough(folder, trained, tmp_path):
    cfg, root = trained
    inferencer = FCMAEInferencer(cfg, root / 'epoch_1.pth', device='cpu', size=64)
    inferencer(folder, batch_size=3, out=tmp_path / 'out/page.png')
    inferencer(folder / 'a.png', out=tmp_path / 'out/one.png')
    pages = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert pages == ['one.png', 'page_001.png', 'page_002.png']
    assert Image.open(tmp_path / 'out/page_001.png').height > 300


def test_weights_without_decoder_or_of_another_size_are_refused(trained):
    cfg, root = trained
    state = torch.load(root / 'epoch_1.pth')['state_dict']
    encoder = {name: value for name, value in state.items() if name.startswith('backbone.')}
    torch.save(dict(state_dict=encoder), root / 'encoder.pth')
    with pytest.raises(ValueError, match='does not fill the encoder and decoder.*mask_token'):
        FCMAEInferencer(cfg, root / 'encoder.pth')
    with pytest.raises(ValueError, match='checkpoint does not fit this ConvNeXtV2'):
        FCMAEInferencer(CONFIG, root / 'epoch_1.pth')
    other = ROOT / 'configs/convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py'
    with pytest.raises(ValueError, match='builds ImageClassifier, which reconstructs nothing'):
        FCMAEInferencer(other, root / 'epoch_1.pth')


@pytest.mark.parametrize('batch_size', [0, -1])
def test_a_batch_that_draws_nothing_is_refused(batch_size, folder, trained, tmp_path):
    cfg, root = trained
    inferencer = FCMAEInferencer(cfg, root / 'epoch_1.pth', device='cpu', size=64)
    with pytest.raises(ValueError, match=f'batch_size={batch_size}, but 1 or more is expected'):
        inferencer(folder, batch_size=batch_size, out=tmp_path / 'page.png')


def test_a_page_in_the_way_is_kept(folder, trained, tmp_path):
    cfg, root = trained
    (tmp_path / 'page.png').write_text('mine')
    inferencer = FCMAEInferencer(cfg, root / 'epoch_1.pth', device='cpu', size=64)
    inferencer(folder / 'a.png', out=tmp_path / 'page.png')
    assert (tmp_path / 'page.old-1.png').read_text() == 'mine'
    with pytest.raises(IsADirectoryError, match='is a folder'):
        inferencer(folder / 'a.png', out=tmp_path)
