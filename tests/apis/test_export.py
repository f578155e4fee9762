"""Exported classifiers beside the original, at sizes and batches that tracing did not see."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcnx2.apis.export import (
    CHECKED_SIZES,
    PixelsToLogits,
    deviations,
    export_program,
    save_program,
)
from mmcnx2.registry import MODELS
from tests.support.fcmae import make_fcmae
from tests.support.toy import randomize
from tests.support.toy_config import shrink

CONFIGS = Path(__file__).parents[2] / 'configs/convnext_v2'
CLASSIFIERS = dict(
    v2='convnextv2-base_fcmae-pre_32xb32-amp-coslr-100e_in1k',
    v1='convnext-atto_64xb64-amp-coslr-300e_in1k',
    linear='convnextv2-atto_fcmae-pre_32xb512-linear-coslr-90e_in1k',
)


def make_net(name: str, channels: int = 3) -> PixelsToLogits:
    """A toy classifier whose every parameter matters."""
    cfg = shrink(Config.fromfile(CONFIGS / f'{name}.py'))
    if channels != 3:
        numbers = [100.0 * (i + 1) for i in range(channels)]
        cfg.model.data_preprocessor.update(mean=numbers, std=numbers)
        cfg.model.backbone.in_channels = channels
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg.model)
    return PixelsToLogits(randomize(model))


@pytest.mark.parametrize('name', CLASSIFIERS.values(), ids=CLASSIFIERS)
@pytest.mark.parametrize('ending', ['.pt2', '.onnx'])
def test_gives_the_same_logits_on_three_sizes(name, ending, tmp_path):
    if ending == '.onnx':
        pytest.importorskip('onnxruntime')
    net = make_net(name)
    exported = save_program(export_program(net), tmp_path / f'net{ending}')
    found = deviations(net, exported)
    assert found.keys() == set(CHECKED_SIZES)
    assert all(deviation <= 1e-4 for deviation in found.values()), found


def test_any_number_of_channels_with_the_normalization_of_their_data():
    net = make_net(CLASSIFIERS['v2'], channels=13)
    exported = export_program(net).module()
    images = torch.rand(1, 13, 64, 96) * 2000
    with torch.no_grad():
        expected = net.model.data_preprocessor(dict(inputs=images), training=False)['inputs']
        expected = net.model(expected, mode='tensor')
        assert torch.allclose(exported(images), expected, atol=1e-4)


def test_a_program_in_the_way_is_kept_and_a_broken_write_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / 'net.pt2').write_text('published last year')
    program = export_program(make_net(CLASSIFIERS['v2']))

    def break_off(program, path):
        path.write_text('half')
        raise OSError('disk full')

    with monkeypatch.context() as patched:
        patched.setattr(torch.export, 'save', break_off)
        with pytest.raises(OSError, match='disk full'):
            save_program(program, tmp_path / 'net.pt2')
    assert [path.name for path in tmp_path.iterdir()] == ['net.pt2']
    save_program(program, tmp_path / 'net.pt2')
    assert (tmp_path / 'net.old-1.pt2').read_text() == 'published last year'


def test_normalization_is_inside():
    """What goes in is what an image file holds; the training pipeline's BGR is not asked for."""
    net = make_net(CLASSIFIERS['v2'])
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 64, 64), np.uint8)
    rgb = torch.from_numpy(pixels)
    processed = net.model.data_preprocessor(dict(inputs=rgb.flip(1)), training=False)
    with torch.no_grad():
        expected = net.model(processed['inputs'], mode='tensor')
        assert torch.allclose(net(rgb.float()), expected, atol=1e-5)


def export_identity() -> torch.export.ExportedProgram:
    return torch.export.export(torch.nn.Identity(), (torch.zeros(1),))


def test_other_models_and_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match='FCMAE is no classifier: export takes configs whose'):
        PixelsToLogits(make_fcmae())
    with pytest.raises(ValueError, match=r"net\.pth' must end in \.pt2 or \.onnx"):
        save_program(export_identity(), tmp_path / 'net.pth')
