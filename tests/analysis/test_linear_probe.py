"""A linear probe separates what a plane separates, and regularizes by what it has not seen."""

import numpy as np
import pytest

from mmcnx2.analysis.linear_probe import STRENGTHS, fit_probe


def clouds(images: int, *, apart: float, noise: int = 0, seed: int = 0) -> tuple:
    """Return features of three classes around corners, and of noise, and their labels."""
    draw = np.random.default_rng(seed)
    labels = np.arange(images) % 3
    features = apart * np.eye(3)[labels] + draw.normal(size=(images, 3))
    return np.hstack([features, 30 * draw.normal(size=(images, noise))]), labels


def test_what_is_apart_is_told_apart():
    probe = fit_probe(*clouds(60, apart=12.0))
    assert probe.top1(*clouds(60, apart=12.0, seed=1)) == 100
    assert len(probe.validated) == len(STRENGTHS)


def test_what_is_noise_is_guessed():
    probe = fit_probe(*clouds(60, apart=0.0))
    assert 10 < probe.top1(*clouds(600, apart=0.0, seed=1)) < 57


def test_the_scale_of_a_feature_makes_no_difference():
    features, labels = clouds(60, apart=3.0)
    scaled = fit_probe(features * [1, 1e3, 1e-3], labels)
    assert scaled.top1(features * [1, 1e3, 1e-3], labels) == fit_probe(features, labels).top1(
        features, labels
    )


def test_many_features_of_noise_are_regularized():
    probe = fit_probe(*clouds(60, apart=4.0, noise=200))
    assert probe.strength < 1
    assert probe.strength == STRENGTHS[int(np.argmax(probe.validated))]


def test_classes_of_one_image_are_fitted_without_validation():
    features, labels = clouds(3, apart=9.0)
    probe = fit_probe(features, labels)
    assert (probe.strength, probe.validated) == (1.0, ())


def test_one_class_is_refused():
    with pytest.raises(ValueError, match='all images are of one'):
        fit_probe(np.zeros((4, 2)), np.zeros(4, int))
