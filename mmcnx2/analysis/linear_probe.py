"""A linear classifier on frozen features, its regularization chosen by validation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

STRENGTHS = tuple(10.0**exponent for exponent in range(-4, 3))
"""Values of scikit-learn's ``C`` that are tried; a smaller one regularizes more."""
_FOLDS = 5


@dataclass(frozen=True)
class Probe:
    """A fitted probe.

    Attributes:
        classifier: Takes features ``(n, C)``.
        strength: The ``C`` that was chosen.
        validated: Share of the training images that it classified right in cross-validation, for
            each of :data:`STRENGTHS`, in percent; empty where classes have too few images.
    """

    classifier: Pipeline
    strength: float
    validated: tuple[float, ...]

    def top1(self, features: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of images that is classified right, in percent."""
        return 100 * float(self.classifier.score(features, labels))


def fit_probe(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    seed: int = 0,
    strengths: Sequence[float] = STRENGTHS,
) -> Probe:
    """Fit a logistic regression on standardized features.

    The regularization is the strongest one of the best in a stratified cross-validation over the
    training images; where a class has one image alone, it is 1.

    Args:
        features: Float ``(n, C)``.
        labels: Whole numbers ``(n,)``, of at least two classes.
        seed: Of the folds.
        strengths: Values of ``C`` to try.

    Raises:
        ValueError: There is one class alone.
    """
    if len(np.unique(labels)) < 2:
        raise ValueError('a probe tells classes apart, but all images are of one: add another.')
    folds = min(_FOLDS, int(np.bincount(labels)[np.unique(labels)].min()))
    validated = ()
    strength = 1.0
    if folds > 1:
        split = StratifiedKFold(folds, shuffle=True, random_state=seed)
        validated = tuple(
            100 * float(cross_val_score(_classifier(c), features, labels, cv=split).mean())
            for c in strengths
        )
        strength = strengths[int(np.argmax(validated))]
    return Probe(_classifier(strength).fit(features, labels), strength, validated)


def _classifier(strength: float) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
