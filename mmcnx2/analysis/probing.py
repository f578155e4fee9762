"""A linear probe of an encoder on the labelled images of a config."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch.utils.data import DataLoader

from mmcnx2.analysis.class_features import compute_class_features
from mmcnx2.analysis.linear_probe import Probe, fit_probe


@dataclass(frozen=True)
class Probed:
    """What came out.

    Attributes:
        probe: The fitted classifier.
        top1: Share of the test images that it classifies right, in percent.
        trained_on: Number of images.
        scored_on: Number of images.
    """

    probe: Probe
    top1: float
    trained_on: int
    scored_on: int


def probe_encoder(
    config: str,
    checkpoint: str | None,
    *,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[DataLoader], Iterable] = iter,
) -> Probed:
    """Fit a linear classifier on frozen features and score it.

    Args:
        config: Path of a classification config.
        checkpoint: Path, address or name of the weights; None draws them by the seed.
        seed: Of the validation that chooses the regularization, and of weights that are drawn.
        settings: Dotted keys to values that replace the config's.
        progress: Wraps each loader to show how far it is.

    Raises:
        OSError: Data or weights are not there.
        ValueError: The config classifies nothing, or its data are of one class.
    """
    found = compute_class_features(
        config, checkpoint, seed=seed, settings=settings, progress=progress
    )
    train, test = ([part.cpu().numpy() for part in pair] for pair in (found.train, found.test))
    probe = fit_probe(*train, seed=seed)
    return Probed(probe, probe.top1(*test), len(train[0]), len(test[0]))
