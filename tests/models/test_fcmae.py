"""FCMAE: its loss against the definition, its reconstructions, its ways of running."""

import pytest
import torch

from mmcnx2.models import FCMAE, FCMAEPretrainHead
from mmcnx2.nn.patches import patchify, unpatchify, upsample
from tests.support.closeness import assert_close
from tests.support.fcmae import make_fcmae
from tests.support.toy import ARCH, make_images, make_visible


def loss_and_gradients(model, images, visible):
    model.zero_grad()
    model.draw_mask = lambda _: visible
    loss = model.loss(images)['loss']
    loss.backward()
    return {'loss': loss.detach()} | {n: p.grad for n, p in model.named_parameters()}


def test_loss_is_the_mean_error_of_normalized_hidden_pixels():
    model, images = make_fcmae(), make_images(2, 64, 96)
    visible = make_visible(2, 2, 3, 2)
    pred = model.neck(model.backbone(images, visible), visible)
    errors = []
    for n in range(2):
        for row in range(2):
            for column in range(3):
                if visible[n, row, column]:
                    continue
                patch = images[n, :, row * 32 : row * 32 + 32, column * 32 : column * 32 + 32]
                target = (patch - patch.mean()) / (patch.var() + 1e-6).sqrt()
                guess = pred[n, row * 3 + column].view(32, 32, 3).permute(2, 0, 1)
                errors.append((guess - target).square().mean())
    found = loss_and_gradients(model, images, visible)
    assert_close('loss', torch.stack(errors).mean(), found['loss'], relative=1e-12)


def test_every_parameter_learns():
    found = loss_and_gradients(make_fcmae(), make_images(2, 64, 64), make_visible(2, 2, 2, 1))
    idle = [name for name, grad in found.items() if grad is None or not grad.any()]
    assert not idle, f'no gradient reaches {idle}'


def test_masks_repeat_with_their_seed():
    images = make_images(2, 96, 96)
    first, second = make_fcmae(), make_fcmae()
    assert torch.equal(first.draw_mask(images), second.draw_mask(images))


@pytest.mark.parametrize('options', [{'with_cp': True}, {'layout': 'masked'}], ids=str)
def test_checkpointing_and_layout_change_neither_loss_nor_gradients(options):
    images, visible = make_images(2, 96, 64), make_visible(2, 3, 2, 2)
    expected = loss_and_gradients(make_fcmae(), images, visible)
    actual = loss_and_gradients(make_fcmae(**options), images, visible)
    for name in expected:
        assert_close(name, expected[name], actual[name], relative=1e-10)


def test_accumulated_gradients_equal_those_of_the_whole_batch():
    images, visible = make_images(4, 64, 96), make_visible(4, 2, 3, 2)
    expected = loss_and_gradients(make_fcmae(), images, visible)
    model = make_fcmae()
    for part in (slice(0, 2), slice(2, 4)):
        model.draw_mask = lambda _, part=part: visible[part]
        (model.loss(images[part])['loss'] / 2).backward()
    for name, parameter in model.named_parameters():
        assert_close(name, expected[name], parameter.grad, relative=1e-10)


def test_bfloat16_autocast_trains():
    model = make_fcmae().float()
    images = make_images(2, 64, 96).float()
    visible = make_visible(2, 2, 3, 2)
    exact = loss_and_gradients(model, images, visible)['loss']
    model.zero_grad()
    with torch.autocast('cpu', torch.bfloat16):
        loss = model.loss(images)['loss']
    loss.backward()
    assert loss.dtype == torch.float32
    assert_close('loss', exact, loss, relative=0.05)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize('size', [(64, 64), (96, 160)], ids=['64x64', '96x160'])
def test_patches_go_to_rows_and_back(size):
    images = make_images(2, *size)
    grid = (size[0] // 32, size[1] // 32)
    rows = patchify(images, 32)
    assert rows.shape == (2, grid[0] * grid[1], 3072)
    second = images[0, :, :32, 32:64]  # rows run over patches, then row, column, channel
    assert torch.equal(rows[0, 1].view(32, 32, 3).permute(2, 0, 1), second)
    assert torch.equal(unpatchify(rows, grid, 32), images)


def test_a_perfect_prediction_denormalizes_to_the_image():
    head, images = FCMAEPretrainHead(), make_images(2, 64, 96)
    perfect = head(images)
    assert_close('image', images, head.denormalize(perfect, images), relative=1e-12)


def test_reconstruction_keeps_visible_pixels_and_fills_hidden_ones():
    model, images = make_fcmae(), make_images(2, 64, 96)
    visible = make_visible(2, 2, 3, 2)
    result = model.reconstruct(images, visible)
    seen = upsample(visible, 32).unsqueeze(1)
    seen = seen.expand_as(images)
    mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
    std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    pixels = (images * std + mean).clamp(0, 255)
    assert_close('image', pixels, result.image, relative=1e-6)
    assert torch.equal(result.reconstruction[seen], result.image[seen])
    assert torch.equal(result.reconstruction[~seen], result.prediction[~seen])
    assert (result.masked[~seen] == 127.5).all()
    assert result.prediction.min() >= 0 and result.prediction.max() <= 255


def test_predict_returns_samples_and_tensor_mode_returns_dense_features():
    model, images = make_fcmae(), make_images(2, 64, 96)
    samples = model(images, mode='predict')
    assert [sample.reconstruction.shape for sample in samples] == [(3, 64, 96)] * 2
    assert samples[0].visible.shape == (2, 3)
    assert [tuple(x.shape) for x in model(images)] == [(2, 24, 2, 3)]
    assert [tuple(x.shape) for x in model.extract_feat(images)] == [(2, 24, 2, 3)]


def test_a_pretrained_encoder_loads_into_a_backbone_by_prefix(tmp_path):
    from mmcnx2.models import ConvNeXtV2

    model = make_fcmae()
    path = tmp_path / 'fcmae.pth'
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, path)
    init_cfg = {'type': 'Pretrained', 'checkpoint': str(path), 'prefix': 'backbone.'}
    backbone = ConvNeXtV2(ARCH, init_cfg=init_cfg).double()
    backbone.init_weights()
    for name, tensor in model.backbone.state_dict().items():
        assert torch.equal(backbone.state_dict()[name], tensor), name


def test_a_pretrained_encoder_of_another_size_is_refused_by_name(tmp_path):
    from mmcnx2.models import ConvNeXtV2

    path = tmp_path / 'fcmae.pth'
    torch.save({'state_dict': make_fcmae().state_dict(), 'meta': {}}, path)
    init_cfg = {'type': 'Pretrained', 'checkpoint': str(path), 'prefix': 'backbone.'}
    with pytest.raises(ValueError, match='downsample_layers.0.0.weight is .8, 3, 4, 4., needs'):
        ConvNeXtV2('atto', init_cfg=init_cfg).init_weights()


def test_a_patch_that_is_not_the_encoders_stride_is_refused():
    with pytest.raises(ValueError, match="head.patch_size=16 differs from the encoder's stride 32"):
        FCMAE(
            backbone={'type': 'mmcnx2.ConvNeXtV2', 'arch': ARCH, 'final_norm': False},
            neck={'type': 'mmcnx2.FCMAEDecoder', 'in_channels': 24},
            head={'type': 'mmcnx2.FCMAEPretrainHead', 'patch_size': 16},
        )
