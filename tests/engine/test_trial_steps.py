"""The time of a step is tried on a copy: the run goes on as if nothing had been."""

import random

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.engine.trial_steps import Pace, seconds_a_step
from tests.support.long_run import ToyPreTraining
from tests.support.tiny_run import run


class Trial(Hook):
    """Tries before the first step, and notes what it found before and after."""

    def before_train(self, runner) -> None:
        before = self.look(runner)
        self.seconds = seconds_a_step(runner)
        self.same = before == self.look(runner)

    @staticmethod
    def look(runner) -> list:
        parameters = dict(runner.model.named_parameters())
        return [
            random.getstate(),
            np.random.get_state()[1].tolist(),
            torch.get_rng_state().tolist(),
            [parameter.grad for parameter in parameters.values()],
            dict(runner.message_hub.log_scalars),
        ]


@pytest.fixture(scope='module')
def tried(tmp_path_factory):
    """A run with a trial, and the hook."""
    trial = Trial()
    runner, _ = run(
        tmp_path_factory.mktemp('tried'), model=ToyPreTraining(masks_seed=3), hooks=(trial,)
    )
    return runner, trial


def test_a_step_takes_time(tried):
    assert tried[1].seconds > 0


def test_random_states_gradients_and_logs_are_as_they_were(tried):
    assert tried[1].same


def test_the_weights_are_those_of_a_run_without_a_trial(tried, tmp_path):
    plain, _ = run(tmp_path, model=ToyPreTraining(masks_seed=3))
    for (name, value), other in zip(
        plain.model.state_dict().items(), tried[0].model.state_dict().values(), strict=True
    ):
        assert torch.equal(value, other), name


@pytest.mark.parametrize(
    ('machine', 'seconds'),
    [
        (dict(workers=0, cores=2, threads=2, on_cpu=True), 1.4),  # one after the other
        (dict(workers=1, cores=2, threads=1, on_cpu=True), 1.0),  # beside each other
        (dict(workers=1, cores=2, threads=2, on_cpu=True), 1.2),  # on the cores of each other
        (dict(workers=4, cores=16, threads=1, on_cpu=False), 1.0),
    ],
)
def test_loading_counts_as_far_as_it_holds_up(machine, seconds):
    pace = Pace(learning=1.0, loading=0.4, images=2)
    assert pace.an_image(**machine) == pytest.approx(seconds)


def test_a_gpu_waits_for_images_that_load_slowly():
    pace = Pace(learning=0.1, loading=3.0, images=64)
    assert pace.an_image(workers=32, cores=6, threads=1, on_cpu=False) == pytest.approx(0.5)
