"""A training step of FCMAE whose tensors stay where they are, as a CUDA graph replays it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gpu.setting import Setting
from mmcnx2.nn import FCMAE
from mmcnx2.nn.layouts import PackedLayout
from mmcnx2.nn.masking import hand_over, indices_of


class StaticStep:
    """Forward, backward and optimizer, from images and a mask that are copied into place.

    Whatever depends on the mask is computed on the device, by operations that wait for nothing, so
    that a graph of them serves every mask of as many patches. Losses are plain FCMAE's.

    Args:
        setting: Says the device.
        net: In the packed layout.
        optimizer: Of its parameters, with ``capturable=True`` where a graph is made.
        shape: Of the images, ``(N, C, H, W)``.

    Attributes:
        images: ``(N, C, H, W)``, to copy into.
        loss: Of the last step, a scalar on the device.
    """

    def __init__(
        self, setting: Setting, net: FCMAE, optimizer: torch.optim.Optimizer, shape: Sequence[int]
    ):
        self.setting, self.net, self.optimizer = setting, net, optimizer
        self.images = torch.zeros(shape, device=setting.device)
        visible = net.draw_mask(self.images)
        self._grid = tuple(visible.shape)
        self._seen, self._patches, self._hidden = self._numbers(visible)
        self.loss, self._graph = torch.zeros((), device=setting.device), None

    def show(self, visible: Tensor) -> None:
        """Copy a mask into place: bool ``(N, h, w)`` on the CPU, of as many patches as the first.

        Raises:
            RuntimeError: It shows another number.
        """
        places = (self._seen, self._patches, self._hidden)
        for place, numbers in zip(places, self._numbers(visible), strict=True):
            place.copy_(numbers, non_blocking=True)

    def run(self) -> None:
        """Take a step, kernel by kernel."""
        net, device = self.net, self.setting.device.type
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, cache_enabled=False):
            stride = net.backbone.strides[-1]
            layouts = [
                PackedLayout(self._patches, self._grid, stride // own, self.setting.ops)
                for own in net.backbone.strides
            ]
            latent = layouts[-1].to_maps(net.backbone.encode(self.images, layouts)[-1])
            predicted = net.neck(latent, self._seen, self._hidden)
            loss = net.compare(predicted, self.images, self._hidden)
        loss.backward()
        self.optimizer.step()
        self.loss.copy_(loss.detach())

    def record(self) -> None:
        """Have :meth:`replay` launch all kernels of a step at once. Takes three steps first."""
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):  # kernels are compiled, and the optimizer makes its averages
                self.run()
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self.run()

    def replay(self) -> None:
        """Take a step as it was recorded, with the images and the mask that are in place now."""
        self._graph.replay()

    def _numbers(self, visible: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        device = self.setting.device
        return (
            hand_over(visible, device),
            indices_of(visible, device),
            indices_of(~visible, device),
        )
