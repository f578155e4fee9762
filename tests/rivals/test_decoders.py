"""The decoders that FCMAE's is compared with, and FCMAE without sparse convolution."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.models.utils import build_2d_sincos_position_embedding

from mmcnx2.models import FCMAE
from mmcnx2.nn.layouts import DenseLayout
from mmcnx2.nn.patches import upsample
from mmcnx2.rivals import DenseFCMAE, SkipFCMAE, TransformerDecoder, UNetDecoder
from tests.support.closeness import assert_close
from tests.support.toy import ARCH, make_images, make_visible, randomize

WIDTHS = ARCH['channels']
DECODERS = {
    'unet': (FCMAE, dict(type='mmcnx2.UNetDecoder', in_channels=WIDTHS)),
    'unet-skip': (SkipFCMAE, dict(type='mmcnx2.SkipUNetDecoder', in_channels=WIDTHS)),
    'transformer': (
        FCMAE,
        dict(
            type='mmcnx2.TransformerDecoder', in_channels=WIDTHS[-1], embed_dims=16, depth=2,
            num_heads=4,
        ),
    ),
    'dense': (DenseFCMAE, dict(type='mmcnx2.FCMAEDecoder', in_channels=WIDTHS[-1], embed_dims=16)),
}  # fmt: skip
every_decoder = pytest.mark.parametrize('name', DECODERS)


def make(name: str, layout: str = 'packed') -> FCMAE:
    kind, neck = DECODERS[name]
    model = kind(
        backbone=dict(type='mmcnx2.ConvNeXtV2', arch=ARCH, layout=layout, final_norm=False),
        neck=neck,
        head=dict(type='mmcnx2.FCMAEPretrainHead'),
    )
    return randomize(model.double(), std=0.1)


def loss_and_gradients(model: FCMAE, images, visible) -> dict:
    model.draw_mask = lambda _: visible
    loss = model.loss(images)['loss']
    loss.backward()
    return {'loss': loss.detach()} | {n: p.grad for n, p in model.named_parameters()}


@every_decoder
def test_every_parameter_learns_and_the_layout_changes_nothing(name):
    images, visible = make_images(2, 64, 96), make_visible(2, 2, 3, 2)
    packed = loss_and_gradients(make(name), images, visible)
    masked = loss_and_gradients(make(name, 'masked'), images, visible)
    for key, expected in masked.items():
        assert expected is not None and expected.any(), f'no gradient reaches {key}'
        assert_close(key, expected, packed[key], relative=1e-9)


@every_decoder
def test_predicts_rows_of_patches_from_visible_pixels_alone(name):
    model, images, visible = make(name), make_images(2, 64, 96), make_visible(2, 2, 3, 2)
    rows = model.predict_patches(images, visible)
    assert rows.shape == (2, 6, 32 * 32 * 3)
    hidden = ~upsample(visible, 32).unsqueeze(1)
    assert torch.equal(rows, model.predict_patches(images.masked_fill(hidden, 7.0), visible))


@every_decoder
def test_reconstructs(name):
    result = make(name).float().reconstruct(make_images(1, 64, 64).float())
    assert result.reconstruction.shape == (1, 3, 64, 64)


def test_unet_computes_what_transposed_convolutions_do():
    decoder = randomize(UNetDecoder([4, 6], patch_size=8).double())
    latent, visible = torch.randn(2, 6, 2, 3).double(), torch.ones(2, 2, 3, dtype=torch.bool)
    (rise,) = decoder.rises
    kernel = rise.up.weight.view(2, 2, 4, 6).permute(3, 2, 0, 1)
    bias = rise.up.bias.view(2, 2, 4).permute(2, 0, 1).repeat(1, 2, 3)
    maps = F.conv_transpose2d(latent, kernel, stride=2) + bias
    x = rise.block(maps.permute(0, 2, 3, 1), DenseLayout())
    kernel = decoder.pred.weight.view(4, 4, 3, 4).permute(3, 2, 0, 1)
    bias = decoder.pred.bias.view(4, 4, 3).permute(2, 0, 1).repeat(1, 4, 6)
    picture = F.conv_transpose2d(x.permute(0, 3, 1, 2), kernel, stride=4) + bias
    rows = decoder(latent, visible)
    for row in range(2):
        for column in range(3):
            patch = picture[:, :, row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
            expected = patch.permute(0, 2, 3, 1).flatten(1)
            assert_close('patch', expected, rows[:, row * 3 + column], relative=1e-12)


def test_transformer_sees_where_a_token_is_row_by_row():
    decoder = TransformerDecoder(8, embed_dims=16, depth=0)
    with torch.no_grad():
        decoder.mask_token.zero_()
    seen = []
    decoder.norm.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    decoder(torch.zeros(1, 8, 2, 3), torch.zeros(1, 2, 3, dtype=torch.bool))
    square = build_2d_sincos_position_embedding(3, 16).view(3, 3, 16)
    grid = seen[0].view(2, 3, 16)
    # Of a square grid, whatever its order, one half of the code is the row's, one the column's.
    assert torch.equal(grid[0, :, :8], grid[0, :1, :8].expand(3, 8))
    assert torch.equal(grid[:, 1, 8:], grid[:1, 1, 8:].expand(2, 8))
    assert torch.equal(grid, square[:2])


def test_without_sparse_convolution_the_encoder_sees_the_holes():
    images, visible = make_images(1, 64, 64), make_visible(1, 2, 2, 2)
    dense, hidden = make('dense'), ~upsample(visible, 32)
    latent = dense.backbone(images.masked_fill(hidden.unsqueeze(1), 0.0))[0]
    expected = dense.neck(latent, visible)
    assert_close('rows', expected, dense.predict_patches(images, visible), relative=1e-12)
    sparse = dense.neck(dense.backbone(images, visible), visible)
    assert not torch.allclose(expected, sparse)
