"""Encoders to look into, from checkpoints of any dialect."""

import pytest
import torch
from mmengine.config import Config

import mmcnx2.rivals  # noqa: F401  (registers them)
from mmcnx2.analysis.encoders import load_encoder, load_encoders
from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.states import bare, make_state
from tests.support.toy import ARCH, make_images, make_net


def save(tmp_path, state, name='net.pth'):
    torch.save(dict(state_dict=state), tmp_path / name)
    return str(tmp_path / name)


def stages_of(state, **options):
    """The reference: features of the backbone that the weights were made for."""
    net = ConvNeXtV2(ARCH, final_norm=False, **options)
    net.load_state_dict({k: v.float() for k, v in bare(state).items() if 'norm3' not in k})
    images = make_images(1, 64, 64).float()
    with torch.no_grad():
        return images, net.encode(images, net.plan(images, None))


CASES = {
    'V2-pre-training': ('mmcnx2', ('decoder',), {}),
    'V2-supervised-timm': ('timm', ('norm', 'head'), {}),
    'V2-sparse': ('official_sparse', ('decoder',), {}),
    'V1-supervised-official': (
        'official', ('norm', 'head'), dict(use_grn=False, layer_scale_init_value=1e-6)
    ),
    'V1-supervised-timm': (
        'timm', ('norm', 'head'), dict(use_grn=False, layer_scale_init_value=1e-6)
    ),
    'V1-supervised-mmpretrain': (
        'mmpretrain', ('norm', 'head'), dict(use_grn=False, layer_scale_init_value=1e-6)
    ),
}  # fmt: skip


@pytest.mark.parametrize('case', CASES)
def test_reads_size_and_weights_from_any_checkpoint(case, tmp_path):
    dialect, parts, options = CASES[case]
    state = make_state(*parts, **options)
    images, expected = stages_of(state, **options)
    encoder = load_encoder('net', save(tmp_path, convert_state_dict(state, to=dialect)))
    net = encoder.net.float()
    assert encoder.kind == ('V1, after GELU' if 'V1' in case else 'V2, after GRN')
    assert not net.training
    for one, other in zip(expected, net.encode(images, net.plan(images, None)), strict=True):
        torch.testing.assert_close(one, other)


def test_a_config_says_how_blocks_and_pixels_are(tmp_path):
    state = make_state()
    cfg = Config(
        dict(
            model=dict(
                type='ImageClassifier',
                backbone=dict(type='mmcnx2.ConvNeXtV2', arch=ARCH, grn_scope='batch'),
                data_preprocessor=dict(mean=[1, 2, 3], std=[4, 5, 6]),
            )
        )
    )
    encoder = load_encoder('net', save(tmp_path, state), cfg)
    assert type(encoder.net.stages[0][0].grn).__name__ == 'BatchGRN'
    blue = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    blue[:, 0] = 90
    pixels = encoder.normalize(blue)[0, :, 0, 0]
    torch.testing.assert_close(pixels, torch.tensor([-1 / 4, -2 / 5, 87 / 6]))
    plain = load_encoder('net', save(tmp_path, state))
    pixels = plain.normalize(blue)[0, :, 0, 0]
    expected = torch.tensor([-123.675 / 58.395, -116.28 / 57.12, (90 - 103.53) / 57.375])
    torch.testing.assert_close(pixels, expected)


def test_blocks_of_an_ablation_need_their_config_and_keep_their_weights(tmp_path):
    made = make_net(response='se', final_norm=False)
    path = save(tmp_path, {f'backbone.{k}': v for k, v in made.state_dict().items()})
    backbone = dict(type='mmcnx2.ConvNeXtV2', arch=ARCH, response='se')
    encoder = load_encoder('net', path, Config(dict(model=dict(backbone=backbone))))
    assert encoder.kind == 'after SE'
    for name, tensor in encoder.net.state_dict().items():
        if not name.startswith('norm'):
            assert tensor.equal(made.state_dict()[name].float()), name
    with pytest.raises(ValueError, match=r'hold .*stages.0.0.grn.*neither V1 nor V2 has'):
        load_encoder('net', path)


def test_what_does_not_fit_is_one_sentence(tmp_path):
    path = save(tmp_path, make_state())
    with pytest.raises(ValueError, match='depths 1-2-1-1, channels 8-12-16-24, which is not atto'):
        load_encoder('net', path, 'atto')
    with pytest.raises(FileNotFoundError, match="checkpoint 'no.pth' does not exist"):
        load_encoder('net', 'no.pth')
    with pytest.raises(FileNotFoundError, match="config 'no.py' does not exist"):
        load_encoder('net', path, 'no.py')
    gray = save(tmp_path, make_state(in_channels=1), 'gray.pth')
    with pytest.raises(ValueError, match='takes images of 1 channels: pictures have 3'):
        load_encoder('net', gray)
    deeper = dict(type='mmcnx2.ConvNeXtV2', arch=dict(ARCH, depths=(1, 2, 2, 1)))
    config = Config(dict(model=dict(backbone=deeper)))
    with pytest.raises(ValueError, match=r'nothing for stages.2.1.*give the config'):
        load_encoder('net', path, config)
    with pytest.raises(ValueError, match='--model a has 1 words'):
        load_encoders([['a']], 'cpu')
    with pytest.raises(ValueError, match='give each a name of its own'):
        load_encoders([['a', path], ['a', path]], 'cpu')
    with pytest.raises(ValueError, match='48 px do not divide into the stride of net: .* 32'):
        next(load_encoder('net', path).read(['a.png'], 48, batch_size=1, shorter_side=48))
