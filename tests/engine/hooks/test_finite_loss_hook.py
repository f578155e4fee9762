"""A step that is not finite is skipped and counted, and a run of hardly any others is stopped."""

import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.engine import FiniteLossHook
from mmcnx2.engine.hooks.finite_loss_hook import DivergedError
from tests.support.long_run import end_state, make_runner
from tests.support.tiny import Tiny


class States(Hook):
    """Keeps weights, running statistics and optimizer after each step."""

    priority = 'VERY_LOW'

    def __init__(self):
        self.after = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        state = end_state(runner)
        flat = [*state['model'].values()]
        flat += [value for entry in state['optimizer'].values() for value in entry.values()]
        self.after.append([value.clone() for value in flat])


def same(a: list, b: list) -> bool:
    return len(a) == len(b) and all(map(torch.equal, a, b))


def said_in(folder) -> str:
    return ''.join(path.read_text() for path in folder.glob('*/*.log'))


def train(folder, *, ema: bool = False, saving: int = 100, epochs: int = 1, **options):
    """Train for eight steps an epoch."""
    checkpoint = dict(interval=saving)
    runner = make_runner(folder, epochs=epochs, ema=ema, checkpoint=checkpoint, **options)
    runner.train()
    return runner


@pytest.mark.parametrize('value', [float('nan'), float('inf'), float('-inf')])
@pytest.mark.parametrize('what', ['bad_losses', 'bad_gradients'])
def test_the_step_is_skipped_counted_and_named(tmp_path, what, value):
    states = States()
    runner = train(tmp_path, model=Tiny(**{what: {3, 6}}, value=value), hooks=(states,))
    for step in range(1, 8):
        unchanged = same(states.after[step - 1], states.after[step])
        assert unchanged == (step + 1 in (3, 6)), f'step {step + 1}'
    assert runner.message_hub.get_info('skipped_steps') == 2
    reason = f'its loss is {value}' if what == 'bad_losses' else "the gradient of 'linear.bias' is"
    for step in (3, 6):
        assert any(
            f'Step {step} is skipped' in line and reason in line
            for line in said_in(tmp_path).splitlines()
        )


def test_no_checkpoint_holds_what_a_bad_gradient_would_have_made(tmp_path):
    train(tmp_path, model=Tiny(bad_gradients={3}), ema=True, saving=1)
    for name in ('iter_7.pth', 'iter_8.pth'):
        saved = torch.load(tmp_path / name, weights_only=True)
        for part in ('state_dict', 'ema_state_dict'):
            assert all(torch.isfinite(value).all() for value in saved[part].values())


def test_the_count_goes_on_in_a_resumed_run(tmp_path):
    train(tmp_path, model=Tiny(bad_losses={2}))
    runner = train(tmp_path, model=Tiny(bad_gradients={11}), epochs=2)
    assert runner.message_hub.get_info('skipped_steps') == 2


def test_accumulated_gradients_are_used_together_or_not_at_all(tmp_path):
    states = States()
    wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3), accumulative_counts=4)
    train(tmp_path, model=Tiny(bad_gradients={3}), hooks=(states,), optim_wrapper=wrapper)
    weights = [state[-1] for state in states.after]
    assert len(states.after[3]) < len(states.after[7]), 'the first update made averages'
    assert torch.isfinite(weights[7]).all()
    assert 'Step 4 is skipped' in said_in(tmp_path)


def test_many_in_a_row_stop_the_run_with_the_weights_from_before(tmp_path):
    states = States()
    model = Tiny(bad_losses={4, 6}, bad_gradients={5, *range(7, 100)})
    with pytest.raises(DivergedError, match=r'3 steps in a row, 4 to 6.*step 4 are in.*lower'):
        train(tmp_path, model=model, hooks=(states,), patience=3)
    saved = torch.load(tmp_path / 'before_divergence.pth', weights_only=True)
    assert same([*saved['state_dict'].values()], states.after[2][: len(saved['state_dict'])])
    assert train(tmp_path, model=Tiny()).iter == 8


class Rates(Hook):
    """Notes the learning rate of each step."""

    def __init__(self):
        self.of = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self.of[runner.iter + 1] = runner.optim_wrapper.get_lr()['lr'][0]


def test_its_advice_to_resume_with_a_lower_rate_works(tmp_path):
    def optimizer(rate: float) -> dict:
        return dict(optimizer=dict(type='AdamW', lr=rate))

    diverging = dict(model=Tiny(bad_losses=range(5, 99)), patience=2)
    with pytest.raises(DivergedError, match=r'--resume FILE.*lower optim_wrapper.optimizer.lr'):
        train(tmp_path / 'run', optim_wrapper=optimizer(6.5e-4), **diverging)
    saved, resumed, fresh = str(tmp_path / 'run/before_divergence.pth'), Rates(), Rates()
    options = dict(model=Tiny(), optim_wrapper=optimizer(1e-5))
    train(tmp_path / 'run', load_from=saved, hooks=(resumed,), **options)
    train(tmp_path / 'fresh', hooks=(fresh,), **options)
    assert resumed.of.keys() == {7, 8}
    assert all(rate == pytest.approx(fresh.of[step]) for step, rate in resumed.of.items())


def test_too_large_a_share_stops_it_as_well(tmp_path):
    with pytest.raises(DivergedError, match='3 of 6 steps, .* max_share=0.1 allows'):
        train(tmp_path, model=Tiny(bad_losses={2, 4, 6, 8}), patience=2)


def test_a_run_that_skipped_most_steps_ends_with_an_error_though_at_its_end(tmp_path):
    with pytest.raises(DivergedError, match='at its end, but .* in 5 of 8 steps.*lower'):
        train(tmp_path, model=Tiny(bad_losses={1, 2, 3, 5, 7}))
    assert (tmp_path / 'iter_8.pth').is_file()


def test_resumed_with_better_settings_what_was_skipped_before_is_forgiven(tmp_path):
    with pytest.raises(DivergedError):
        train(tmp_path, model=Tiny(bad_losses={2, 4, 6}), patience=2)
    assert train(tmp_path, model=Tiny(bad_losses={8}), epochs=2, patience=2).iter == 16


def test_broken_weights_are_not_saved(tmp_path):
    model = Tiny(bad_losses=range(1, 100))
    with torch.no_grad():
        next(model.parameters())[0] = float('nan')
    with pytest.raises(DivergedError, match="weights are not saved .*'state_dict.norm.weight'"):
        train(tmp_path, model=model, patience=2)
    assert not (tmp_path / 'before_divergence.pth').exists()


def test_data_that_are_to_be_left_out_pass_by_and_do_not_count(tmp_path):
    states = States()
    runner = make_runner(tmp_path, epochs=1, model=Tiny(), ema=False, hooks=(states,))
    hook = next(hook for hook in runner.hooks if isinstance(hook, FiniteLossHook))
    hook.left_out.add(4)
    runner.train()
    unchanged = [same(*states.after[step - 1 : step + 1]) for step in range(1, 8)]
    assert unchanged == [step + 1 == 4 for step in range(1, 8)]
    assert 'skipped_steps' not in runner.message_hub.runtime_info


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match='patience=0, but 1 or more is expected'):
        FiniteLossHook(patience=0)
    with pytest.raises(ValueError, match='max_share=1.5, but a share from 0 to 1'):
        FiniteLossHook(max_share=1.5)


FUSED = dict(optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-3, fused=True)))


@pytest.mark.parametrize('what', ['bad_losses', 'bad_gradients'])
def test_a_fused_optimizer_skips_as_well_and_the_log_says_which_step_it_was(tmp_path, what):
    states = States()
    runner = train(tmp_path, model=Tiny(**{what: {3, 8}}), hooks=(states,), **FUSED)
    for step in range(1, 8):
        unchanged = same(states.after[step - 1], states.after[step])
        assert unchanged == (step + 1 in (3, 8)), f'step {step + 1}'
    assert runner.message_hub.get_info('skipped_steps') == 2
    said = said_in(tmp_path)
    assert 'Step 3 is skipped' in said and 'Step 8 is skipped' in said


def test_fused_too_a_checkpoint_counts_its_own_step(tmp_path):
    train(tmp_path, model=Tiny(bad_losses={7}), saving=1, **FUSED)
    counts = [
        torch.load(tmp_path / f'iter_{step}.pth', weights_only=True)['message_hub']['runtime_info']
        for step in (7, 8)
    ]
    assert [info['skipped_steps'] for info in counts] == [1, 1]


def test_fused_too_many_in_a_row_stop_the_run_with_the_weights_from_before(tmp_path):
    states = States()
    model = Tiny(bad_losses={4, 6}, bad_gradients={5})  # the step behind them would be taken
    with pytest.raises(DivergedError, match=r'3 steps in a row, 4 to 6.*step 4 are in.*lower'):
        train(tmp_path, model=model, hooks=(states,), patience=3, **FUSED)
    saved = torch.load(tmp_path / 'before_divergence.pth', weights_only=True)
    assert same([*saved['state_dict'].values()], states.after[2][: len(saved['state_dict'])])


def test_fused_too_the_last_step_can_be_one_too_many(tmp_path):
    with pytest.raises(DivergedError, match='2 steps in a row, 7 to 8'):
        train(tmp_path, model=Tiny(bad_losses={7, 8}), patience=2, **FUSED)
