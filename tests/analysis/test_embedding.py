"""Vectors are mmpretrain's, of any stage and pooling, in a mirror too."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.apis import FeatureExtractor
from PIL import ImageOps

from mmcnx2.analysis.embedding import Embedder, Look
from mmcnx2.analysis.encoders import load_encoder
from mmcnx2.analysis.features import middle_of_image
from mmcnx2.registry import MODELS
from tests.support.command_line import ROOT
from tests.support.pictures import photograph
from tests.support.toy import randomize
from tests.support.toy_config import shrink

CONFIGS = {
    'pre-trained': 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py',
    'classifier': 'convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py',
}
SIZE = 112  # of 128 px, so that the middle of a mirrored picture is that of the picture


@pytest.fixture
def paths(tmp_path) -> list[str]:
    for i in range(5):
        photograph(70 + 9 * i, 90, seed=i).save(tmp_path / f'{i}.png')
    return sorted(map(str, tmp_path.glob('*.png')))


def model_of(kind: str, folder):
    """Return a model with random weights, and its weights as a file."""
    cfg = shrink(Config.fromfile(ROOT / 'configs' / CONFIGS[kind]))
    cfg.model.backbone.pop('init_cfg', None)
    cfg.model.data_preprocessor.type = 'mmpretrain.SelfSupDataPreprocessor'
    if kind == 'classifier':
        cfg.model.num_classes = 3
        cfg.model.data_preprocessor.type = 'mmpretrain.ClsDataPreprocessor'
    cfg.test_dataloader = dict(dataset=dict(pipeline=middle_of_image(SIZE)[1:]))
    model = randomize(MODELS.build(cfg.model)).eval()
    model._config = cfg
    torch.save(dict(state_dict=model.state_dict()), folder / 'w.pth')
    return model, str(folder / 'w.pth')


@pytest.mark.parametrize('kind', CONFIGS)
def test_vectors_are_those_of_mmpretrains_feature_extractor(kind, paths, tmp_path):
    model, weights = model_of(kind, tmp_path)
    extract = FeatureExtractor(model, device='cpu')
    embedder = Embedder(load_encoder('it', weights), size=SIZE)
    found = {}
    for names, vectors, reasons in embedder.stream(paths, batch_size=2):
        found.update(zip(names, vectors, strict=True))
        assert not reasons
    for path in paths:
        (expected,) = extract(path)
        expected = expected[-1]
        expected = expected.mean((1, 2)) if expected.ndim == 3 else expected
        np.testing.assert_allclose(found[path], expected.numpy(), rtol=1e-4, atol=1e-5)


def vectors_of(embedder: Embedder, paths, **options) -> np.ndarray:
    return np.concatenate([vectors for _, vectors, _ in embedder.stream(paths, **options)])


def test_the_stage_and_the_pooling_are_chosen(paths, tmp_path):
    model, weights = model_of('pre-trained', tmp_path)
    encoder = load_encoder('it', weights)
    for stage, width in enumerate(encoder.net.channels, 1):
        mean, largest = (
            vectors_of(Embedder(encoder, stage=stage, pooling=pooling, size=SIZE), paths)
            for pooling in ('mean', 'max')
        )
        assert mean.shape == largest.shape == (5, width)
        assert (largest >= mean - 1e-5).all() and (largest > mean).any()
    with pytest.raises(ValueError, match='stage=5, but it has 4 stages'):
        Embedder(encoder, stage=5)
    with pytest.raises(ValueError, match='size=16, but it takes 32 px or more'):
        Embedder(encoder, size=16)


def test_a_mirror_shows_the_mirrored_picture(paths, tmp_path):
    _, weights = model_of('pre-trained', tmp_path)
    embedder = Embedder(load_encoder('it', weights), size=SIZE)
    ImageOps.mirror(photograph(128, 128, seed=9)).save(tmp_path / 'mirrored.bmp')
    photograph(128, 128, seed=9).save(tmp_path / 'straight.bmp')
    straight = vectors_of(embedder, [str(tmp_path / 'straight.bmp')], look=Look(mirrored=True))
    mirrored = vectors_of(embedder, [str(tmp_path / 'mirrored.bmp')])
    other = vectors_of(embedder, [str(tmp_path / 'straight.bmp')])
    scale = np.abs(mirrored).max()
    assert np.abs(straight - mirrored).max() < 0.01 * scale < np.abs(other - mirrored).max()


def test_what_cannot_be_read_is_told_and_left_out(paths, tmp_path):
    _, weights = model_of('pre-trained', tmp_path)
    bad = [str(tmp_path / 'bad.png'), str(tmp_path / 'worse.png')]
    for path in bad:
        open(path, 'wb').write(b'no image')
    embedder = Embedder(load_encoder('it', weights), size=SIZE)
    read, why = [], {}
    for names, vectors, reasons in embedder.stream([*bad, *paths], batch_size=2):
        assert len(names) == len(vectors)
        read += names
        why |= reasons
    assert read == paths
    assert list(why) == bad and 'hold no whole image' in why[bad[0]]
