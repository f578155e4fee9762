"""FCMAE against the official code on MinkowskiEngine: output, loss and every gradient."""

import pytest
import torch

from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.models import FCMAE
from tests.support import oracle
from tests.support.closeness import assert_close

pytestmark = pytest.mark.skipif(
    not oracle.FOLDER.is_dir(), reason=f'no reference tensors in {oracle.FOLDER}'
)
FILES = ('tiny64_b2_f64.pt', 'tiny96_b2_f64.pt', 'tiny96_b4_f64.pt')
ALL_VISIBLE = 'tiny96_b1_nothing_masked_f64.pt'


def build(reference: dict, layout: str) -> tuple[FCMAE, torch.Tensor]:
    """Return the model with the reference's weights, and its mask as ``visible``."""
    config = reference['config']
    model = FCMAE(
        backbone={
            'type': 'mmcnx2.ConvNeXtV2',
            'arch': {'depths': config['depths'], 'channels': config['dims']},
            'layout': layout,
            'grn_scope': 'batch',
            'final_norm': False,
        },
        neck={
            'type': 'mmcnx2.FCMAEDecoder',
            'in_channels': config['dims'][-1],
            'embed_dims': config['decoder_embed_dim'],
            'depth': config['decoder_depth'],
        },
        head={'type': 'mmcnx2.FCMAEPretrainHead'},
    ).double()
    model.load_state_dict(convert_state_dict(reference['state_dict']), strict=True)
    n, _, height, width = reference['images'].shape
    return model, (reference['mask'] == 0).view(n, height // 32, width // 32)


@pytest.mark.parametrize('layout', ['masked', 'packed'])
@pytest.mark.parametrize('file', FILES)
def test_loss_output_prediction_and_gradients(file, layout, monkeypatch):
    reference = oracle.read(file)
    model, visible = build(reference, layout)
    monkeypatch.setattr(model, 'draw_mask', lambda images: visible)

    latent = model.backbone(reference['images'], visible)
    pred = model.neck(latent, visible)
    loss = model.loss(reference['images'])['loss']
    loss.backward()

    assert_close('encoder output', reference['encoder_output'], latent, relative=1e-9)
    expected = reference['pred'].flatten(2).transpose(1, 2)
    assert_close('prediction', expected, pred, relative=1e-9)
    assert_close('loss', reference['loss'], loss, relative=1e-9)
    expected = convert_state_dict(reference['grads'])
    actual = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert expected.keys() == actual.keys()
    for name in expected:
        assert_close(f'gradient of {name}', expected[name], actual[name], relative=1e-9)


@pytest.mark.parametrize('layout', ['masked', 'packed', 'dense'])
def test_everything_visible(layout):
    reference = oracle.read(ALL_VISIBLE)
    model, visible = build(reference, layout)
    assert visible.all()
    latent = model.backbone(reference['images'], visible)
    pred = model.neck(latent, visible)
    assert_close('encoder output', reference['encoder_output'], latent, relative=1e-9)
    expected = reference['pred'].flatten(2).transpose(1, 2)
    assert_close('prediction', expected, pred, relative=1e-9)
