"""Triton's kernels run on the device of their tensors, whichever is the current one."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from mmcnx2.nn.ops.depthwise_conv import tiled_triton
from mmcnx2.nn.ops.grn import fused_triton
from mmcnx2.nn.ops.layer_norm import fused_triton as layer_norm

OURS = torch.device('cuda:1')


class Driver:
    """A machine of several devices: which is current, and where each kernel was launched."""

    def __init__(self):
        self.current, self.launched = 0, []

    def exchange(self, device: int) -> int:
        self.current, before = device, self.current
        return before

    def __getitem__(self, grid):
        return lambda *args, **kwargs: self.launched.append(self.current)


@pytest.fixture
def driver(monkeypatch):
    driver = Driver()
    for name in ('_exchange_device', '_maybe_exchange_device'):
        monkeypatch.setattr(torch.cuda, name, driver.exchange)
    for module in (tiled_triton, fused_triton, layer_norm):
        for name in [name for name in vars(module) if name.endswith('_kernel')]:
            monkeypatch.setattr(module, name, driver)
    return driver


def convolve(rows, taps, source):
    tiled_triton._convolve(rows, taps, None, source, len(rows))


def gradient_of_taps(rows, taps, source):
    tiled_triton._gradient_of_taps(rows, rows, source, len(rows), 7)


def respond(rows, taps, source):
    scale = rows.new_empty(8)
    fused_triton._gelu_grn._init_fn(rows.view(2, -1, 8), scale, scale, 1e-6)


def respond_backward(rows, taps, source):
    x, norm = rows.view(2, -1, 8), rows.new_empty(2, 8)
    fused_triton._gelu_grn_backward._init_fn(x, x, norm[0], norm, norm[:, 0])


def normalize(rows, taps, source):
    layer_norm._layer_norm._init_fn(rows, taps[0], taps[0], None, 1e-6)


def normalize_backward(rows, taps, source):
    one = rows.new_empty(len(rows))
    layer_norm._layer_norm_backward._init_fn(rows, rows, taps[0], None, one, one, True)


@pytest.mark.parametrize(
    ('launch', 'kernels'),
    [
        (convolve, 1),
        (gradient_of_taps, 1),
        (respond, 3),
        (respond_backward, 3),
        (normalize, 1),
        (normalize_backward, 1),
    ],
)
def test_kernels_follow_their_tensors(driver, launch, kernels):
    with FakeTensorMode():
        rows = torch.empty(2 * 64, 8, device=OURS)
        taps = torch.empty(49, 8, device=OURS)
        source = torch.empty(2, 14, 14, device=OURS, dtype=torch.int32)
        launch(rows, taps, source)
    assert driver.launched == [OURS.index] * kernels
    assert driver.current == 0
