"""Any number of channels and any dtype, for the toolboxes' data preprocessors."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmcnx2.checks import check_types

_TURNS = ('to_rgb', 'bgr_to_rgb', 'rgb_to_bgr')


class ManyChannels:
    """Stands before a toolbox's preprocessor, which knows 1 or 3 channels, or turns any to 3.

    Images come to the device in the dtype that they have, and become float32 there. Three channels
    are turned as the toolbox is told to, since they come in OpenCV's order; others stay as they
    are, so that ``mean`` and ``std`` are always in the order of the file, red first.

    Args:
        mean: Of each channel; None normalizes nothing.
        std: Of each channel, above 0; given where ``mean`` is.
        non_blocking: Copy images to the device without waiting for it.
        options: Those of the toolbox's class.

    Attributes:
        channels: Of the images; None where ``mean`` does not tell.

    Raises:
        TypeError: If one of them is no list of numbers.
        ValueError: If the two do not belong together.
    """

    @check_types
    def __init__(
        self,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        non_blocking: bool = True,
        **options,
    ):
        _check_moments(mean, std)
        channels = None if mean is None else len(mean)
        turns = [name for name in _TURNS if options.get(name)]
        if len(turns) < 2:  # else the toolbox refuses them
            options = {name: value for name, value in options.items() if name not in _TURNS}
        super().__init__(**options)
        self.channels = channels
        self._turns = bool(turns) and channels in (None, 3)
        self._non_blocking = non_blocking
        if mean is not None:
            self._enable_normalize = True
            for name, values in dict(mean=mean, std=std).items():
                values = torch.tensor([float(value) for value in values])
                self.register_buffer(name, values.view(-1, 1, 1), False)

    def cast_data(self, data):
        """Bring what a data loader gives to the device, and images of other dtypes to float32.

        Raises:
            ValueError: If images have another number of channels than ``mean``.
        """
        data = super().cast_data(data)
        if not isinstance(data, Tensor) or data.ndim < 3:
            return data
        self._check_channels(data.shape[-3])
        # torch turns and pads bytes and floats on every device; of others not even all are added.
        data = data if data.dtype == torch.uint8 else data.float()
        # Not by a list of channels as the toolboxes do, which the device would have to wait for.
        return data.flip(-3) if self._turns else data

    def _check_channels(self, found: int) -> None:
        expected = self.channels or (3 if self._turns else found)
        if found != expected:
            why = f'mean and std have {expected} values' if self.channels else 'they are turned'
            raise ValueError(
                f'images have {found} channels, but {expected} are expected, as {why}: set '
                'model.data_preprocessor.mean and std to one value a channel (normalize=auto does '
                'so), or choose bands where images are loaded.'
            )


def _check_moments(mean: Sequence[float] | None, std: Sequence[float] | None) -> None:
    if (mean is None) != (std is None):
        raise ValueError(f'mean={mean} and std={std}, but both or neither are expected.')
    if mean is None:
        return
    if not mean or len(mean) != len(std):
        raise ValueError(f'mean={mean} and std={std}, but one of each a channel is expected.')
    if min(std) <= 0:
        raise ValueError(f'std={std}, but deviations above 0 are expected.')
