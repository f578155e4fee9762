"""Mean and deviation of channels, an image at a time, as exact as all at once."""

import numpy as np


class ChannelMoments:
    """Welford's running moments, merged an image at a time (Chan, Golub and LeVeque, 1983).

    Args:
        channels: Their number.

    Attributes:
        count: Values of each channel so far, ``(C,)``, as all below.
        mean: Their means, NaN of a channel without a value.
        minimum: The smallest, infinity of a channel without a value.
        maximum: The largest.
        missing: How many values were left out.
    """

    def __init__(self, channels: int):
        self.count = np.zeros(channels, np.int64)
        self.missing = np.zeros(channels, np.int64)
        self.mean = np.full(channels, np.nan)
        self.minimum, self.maximum = np.full(channels, np.inf), np.full(channels, -np.inf)
        self._squares = np.zeros(channels)  # of deviations from the mean

    @property
    def std(self) -> np.ndarray:
        """The channels' deviations over all values, NaN of a channel without one."""
        with np.errstate(invalid='ignore'):
            return np.sqrt(self._squares / np.where(self.count, self.count, np.nan))

    def add(self, values: np.ndarray, missing: np.ndarray | None = None) -> None:
        """Take in an image.

        Args:
            values: ``(h, w, C)``.
            missing: Bool ``(h, w, C)``, True for values that do not count.
        """
        for channel in range(values.shape[2]):
            of_channel = values[..., channel].ravel()
            if missing is not None:
                of_channel = of_channel[~missing[..., channel].ravel()]
            self.missing[channel] += values.shape[0] * values.shape[1] - of_channel.size
            if of_channel.size:
                self._merge(channel, of_channel)

    def _merge(self, channel: int, values: np.ndarray) -> None:
        before, new = self.count[channel], values.size
        mean = values.mean(dtype=np.float64)
        squares = values.var(dtype=np.float64) * new
        if before:
            step = mean - self.mean[channel]
            mean = self.mean[channel] + step * new / (before + new)
            squares += self._squares[channel] + step**2 * before * new / (before + new)
        self.count[channel], self.mean[channel] = before + new, mean
        self._squares[channel] = squares
        self.minimum[channel] = min(self.minimum[channel], values.min())
        self.maximum[channel] = max(self.maximum[channel], values.max())
