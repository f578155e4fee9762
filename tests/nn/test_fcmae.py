"""The loss of hidden patches is computed from hidden patches alone, and is the definition's."""

import pytest
import torch
from torch import Tensor

from mmcnx2.nn import FCMAE
from mmcnx2.nn.masking import indices_of
from mmcnx2.nn.patches import patches_at, patchify, rows_at
from tests.support.closeness import assert_close
from tests.support.dispatch import CountCalls

ARCH = dict(depths=(1, 1, 1, 1), channels=(4, 4, 8, 8))
N, H, W = 3, 2, 3  # images, and patches down and across


def network(**options) -> FCMAE:
    torch.manual_seed(0)
    return FCMAE(ARCH, embed_dims=8, ops='torch', **options).double()


def images(channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (N, channels, 32 * H, 32 * W)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def equal_masks() -> Tensor:
    return torch.tensor([[1, 0, 0, 1, 0, 0], [0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1]]).bool().view(
        N, H, W
    )  # fmt: skip


def unequal_masks() -> Tensor:
    return torch.tensor([[1, 0, 0, 1, 0, 1], [0, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]]).bool().view(
        N, H, W
    )  # fmt: skip


def by_definition(model: FCMAE, x: Tensor, visible: Tensor) -> Tensor:
    """Predict and compare all patches, and count the hidden ones (paper section 3.1)."""
    error = (model.predict_patches(x, visible) - model.head(x)).square().mean(-1)
    hidden = (~visible).flatten(1).to(error)
    return (error * hidden).sum() / hidden.sum()


@pytest.mark.parametrize('norm_pix', [True, False], ids=['normalized', 'pixels'])
@pytest.mark.parametrize(
    ('layout', 'masks'),
    [('packed', equal_masks), ('masked', equal_masks), ('masked', unequal_masks)],
    ids=['packed', 'masked', 'unequal'],
)
@pytest.mark.parametrize('channels', [3, 5])
def test_loss_and_gradients_are_the_definitions(layout, masks, norm_pix, channels):
    model = network(layout=layout, norm_pix=norm_pix, in_channels=channels)
    x, visible = images(channels), masks()
    found, expected = model(x, visible), by_definition(model, x, visible)
    assert_close('loss', expected, found, relative=1e-12)
    names, parameters = zip(*model.named_parameters(), strict=True)
    for name, ours, theirs in zip(
        names,
        torch.autograd.grad(found, parameters),
        torch.autograd.grad(expected, parameters),
        strict=True,
    ):
        assert_close(name, theirs, ours, relative=1e-12)


def test_visible_patches_are_neither_predicted_nor_compared():
    model, x, visible = network(), images(), equal_masks()
    rows = []
    model.neck.pred.register_forward_hook(lambda _, inputs, output: rows.append(len(inputs[0])))
    targets = []
    model.head.register_forward_hook(lambda _, inputs, output: targets.append(len(output)))
    model(x, visible)
    assert rows == targets == [int((~visible).sum())]


def test_some_patches_are_the_rows_of_all():
    x, chosen = images(), torch.tensor([0, 5, 7, 17])
    rows = patchify(x, 32)
    assert patches_at(x, 32, chosen).equal(rows_at(rows, chosen))
    assert rows_at(rows, None) is rows


def test_only_numbers_travel():
    visible = equal_masks()
    with CountCalls() as counted:
        found = indices_of(~visible, torch.device('meta'))
    assert found.shape == (int((~visible).sum()),) and found.dtype == torch.int64
    assert counted.calls['aten._to_copy.default'] == 1
