"""A step that is not finite changes nothing: no weight, average, running statistic or scale."""

from copy import deepcopy

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.optim.optimizer import amp_optimizer_wrapper
from torch import nn

from mmcnx2.engine.step_guard import StepGuard
from tests.support.dispatch import CountCalls

NAN, INF = float('nan'), float('inf')


class Training:
    """A model with running statistics, its optimizer and a guard."""

    def __init__(
        self, wrapper: type[OptimWrapper] = OptimWrapper, *, fused: bool = False, **options
    ):
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.1, fused=fused)
        self.wrapper = wrapper(optimizer=optimizer, **options)
        self.told = []
        self.guard = StepGuard(self.wrapper, self.model, lambda *said: self.told.append(said))

    def step(self, *, seed: int = 0, loss: float = 1.0, gradient: float = 1.0) -> None:
        """Train on a batch; one number of a gradient, and the loss, are multiplied."""
        inputs = torch.randn(5, 4, generator=torch.Generator().manual_seed(seed))
        output = self.model(inputs)
        factor = torch.ones(5, 1)
        factor[-1] = gradient
        output.register_hook(lambda g: g * factor)
        self.wrapper.update_params(output.square().mean() * loss)

    @property
    def reasons(self) -> list[str | None]:
        self.guard.settle()
        return [reason for reason, _ in self.told]

    def state(self) -> dict:
        optimizer = self.wrapper.optimizer.state_dict()['state']
        return deepcopy(dict(model=dict(self.model.state_dict()), optimizer=optimizer))


def same(a, b) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    return torch.equal(a, b)


either = pytest.mark.parametrize('fused', [False, True], ids=['one by one', 'fused'])
BAD = [dict(loss=NAN), dict(loss=INF), dict(gradient=NAN), dict(gradient=-INF)]


@pytest.mark.parametrize('bad', BAD, ids=str)
@either
@pytest.mark.parametrize('clip', [None, dict(max_norm=0.1)], ids=['not clipped', 'clipped'])
def test_it_leaves_everything_as_it_was(bad, clip, fused):
    run = Training(clip_grad=clip and dict(clip), fused=fused)
    run.step()
    before = run.state()
    run.step(seed=1, **bad)
    assert same(run.state(), before)
    assert [reason is None for reason in run.reasons] == [True, False]
    run.step(seed=2)
    assert not same(run.state(), before)
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in run.model.parameters())


@either
def test_it_says_what_was_not_finite(fused):
    run = Training(fused=fused)
    run.step(loss=INF)
    run.step(gradient=NAN)
    assert run.reasons[0] == 'its loss is inf'
    assert "the gradient of '0.weight' is not finite" in run.reasons[1]


@either
def test_a_norm_that_overflows_counts_too(fused):
    run = Training(fused=fused)
    run.step()
    before = run.state()
    run.step(seed=1, gradient=1e30)  # finite, but its square in AdamW's average is not
    assert same(run.state(), before)
    assert "the norm of the gradient of '0.weight' is not finite" in run.reasons[-1]


@either
def test_finite_steps_are_those_of_a_wrapper_without_a_guard(fused):
    guarded, free = (Training(accumulative_counts=2, fused=fused) for _ in range(2))
    free.guard.remove()
    for seed in range(5):
        guarded.step(seed=seed)
        free.step(seed=seed)
    assert same(guarded.state(), free.state())
    assert guarded.reasons == [None, None] and not free.told


@either
@pytest.mark.parametrize('bad', BAD, ids=str)
def test_an_accumulated_update_is_taken_as_a_whole_or_not_at_all(bad, fused):
    run = Training(accumulative_counts=3, fused=fused)
    for seed in range(3):
        run.step(seed=seed)
    before = run.state()
    run.step(seed=3)
    run.step(seed=4, **bad)
    run.step(seed=5)
    assert same(run.state(), before)
    for seed in range(6, 9):
        run.step(seed=seed)
    assert not same(run.state(), before)
    assert [reason is None for reason in run.reasons] == [True, False, True]


READS = 'aten._local_scalar_dense.default'


@pytest.mark.parametrize(('fused', 'waits'), [(False, 2), (True, 0)])
def test_the_host_waits_once_an_update_or_never(fused, waits):
    guarded, free = (Training(accumulative_counts=2, fused=fused) for _ in range(2))
    free.guard.remove()
    counts = []
    for run in (guarded, free):
        with CountCalls() as counted:
            for seed in range(4):
                run.step(seed=seed)
        counts.append(counted.calls[READS])
    assert counts[0] - counts[1] == waits


def test_of_a_fused_update_is_told_when_the_next_is_due():
    run = Training(fused=True)
    for number, loss in enumerate((1.0, NAN, 1.0), 1):
        run.guard.at = number
        run.step(loss=loss)
        assert [at for _, at in run.told] == [*range(1, number)]
    assert run.told[1] == ('its loss is nan', 2)
    run.guard.at = 7
    run.guard.remove()
    assert run.told[2] == (None, 3)


def test_what_is_told_of_one_update_can_stop_the_next():
    run = Training(fused=True)
    run.guard.told = lambda reason, at: setattr(run.guard, 'dropped', reason and 'over')
    run.step(loss=NAN)
    before = run.state()
    run.step(seed=1)
    assert same(run.state(), before)


def test_a_run_that_goes_elsewhere_is_told_nothing_of_where_it_was():
    run = Training(fused=True)
    run.step(loss=NAN)
    run.guard.restart()
    assert run.reasons == []


def test_nothing_of_it_is_left_in_the_optimizer():
    run = Training(fused=True)
    run.step()
    assert not hasattr(run.wrapper.optimizer, 'found_inf')


def test_what_is_dropped_is_not_taken_though_finite():
    run = Training()
    run.step()
    before = run.state()
    run.guard.dropped = 'not wanted'
    run.step(seed=1)
    assert same(run.state(), before)
    run.step(seed=2)
    assert not same(run.state(), before)
    assert run.reasons == [None, 'not wanted', None]


def test_after_other_weights_are_loaded_their_statistics_are_kept():
    run, other = Training(), Training()
    other.step(seed=7)
    run.model.load_state_dict(other.model.state_dict())
    run.guard.restart()
    run.step(gradient=NAN)
    assert same(dict(run.model.state_dict()), dict(other.model.state_dict()))


def test_half_precision_gradients_may_have_a_norm_beyond_their_range():
    run = Training()
    run.model.half()
    for parameter in run.model.parameters():
        parameter.grad = torch.full_like(parameter, 6e4)
    run.wrapper.optimizer.step = lambda: None
    run.wrapper.step()
    assert run.reasons == [None]


@pytest.fixture
def scaled(monkeypatch):
    """mmengine's wrapper for mixed precision, with torch's scaler for a CPU."""
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    scaler = lambda **options: torch.amp.GradScaler('cpu', **options)  # noqa: E731
    monkeypatch.setattr(amp_optimizer_wrapper, 'GradScaler', scaler)
    scale = dict(init_scale=1024.0, growth_interval=2)
    return lambda **options: Training(AmpOptimWrapper, loss_scale=scale, **options)


@either
@pytest.mark.parametrize('bad', BAD, ids=str)
@pytest.mark.parametrize('clip', [None, dict(max_norm=0.1)], ids=['not clipped', 'clipped'])
def test_the_loss_scale_goes_down(scaled, bad, clip, fused):
    run = scaled(clip_grad=clip and dict(clip), fused=fused)
    run.step()
    before = run.state()
    run.step(seed=1, **bad)
    assert same(run.state(), before)
    assert run.wrapper.loss_scaler.get_scale() == 512
    assert run.reasons[-1].endswith('the loss scale goes down to 512')
    for seed in range(2, 4):
        run.step(seed=seed)
    assert not same(run.state(), before)
    assert run.wrapper.loss_scaler.get_scale() == 1024, 'two good steps raise it again'


def test_without_anything_bad_a_scaled_run_is_the_same(scaled):
    guarded, free = scaled(), scaled()
    free.guard.remove()
    for seed in range(4):
        guarded.step(seed=seed)
        free.step(seed=seed)
    assert same(guarded.state(), free.state())
    assert guarded.wrapper.state_dict()['loss_scaler'] == free.wrapper.state_dict()['loss_scaler']
