"""A loss that is not finite reaches neither weights nor optimiser."""

import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.engine import FiniteLossHook
from mmcnx2.engine.hooks.finite_loss_hook import DivergedError
from tests.support.long_run import ToyPreTraining, end_state, make_runner


class SometimesBroken(ToyPreTraining):
    """A model whose loss is not finite in some steps."""

    def __init__(self, bad_steps, value: float = float('nan')):
        super().__init__()
        self.bad_steps, self.value, self.step = bad_steps, value, 0

    def loss_scale(self) -> float:
        self.step += 1
        return self.value if self.step in self.bad_steps else 1.0

    def forward(self, inputs, index, mode: str = 'tensor'):
        result = super().forward(inputs, index, mode)
        return dict(loss=result['loss'] * self.loss_scale()) if mode == 'loss' else result


class States(Hook):
    """Keeps weights and optimiser after each step."""

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


@pytest.mark.parametrize('value', [float('nan'), float('inf'), float('-inf')])
def test_the_step_is_skipped_counted_and_named(tmp_path, value):
    states = States()
    model = SometimesBroken({3, 6}, value)
    runner = make_runner(tmp_path, epochs=1, model=model, ema=False, hooks=(states,))
    runner.train()
    for step in range(1, 8):
        unchanged = same(states.after[step - 1], states.after[step])
        assert unchanged == (step + 1 in (3, 6)), f'step {step + 1}'
    assert runner.message_hub.get_info('skipped_steps') == 2
    said = ''.join(path.read_text() for path in tmp_path.glob('*/*.log'))
    for step in (3, 6):
        assert f'Step {step} is skipped, its loss is {value}' in said


def test_the_count_goes_on_in_a_resumed_run(tmp_path):
    make_runner(tmp_path, epochs=1, model=SometimesBroken({2}), ema=False).train()
    runner = make_runner(tmp_path, epochs=2, model=SometimesBroken({3}), ema=False)
    runner.train()
    assert runner.message_hub.get_info('skipped_steps') == 2


def test_accumulated_gradients_stay_clean(tmp_path):
    states = States()
    runner = make_runner(
        tmp_path,
        epochs=1,
        model=SometimesBroken({3}),
        ema=False,
        hooks=(states,),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-3), accumulative_counts=4),
    )
    runner.train()
    assert all(torch.isfinite(value).all() for value in states.after[-1])
    assert not same(states.after[2], states.after[3]), 'the fourth step has gradients of its own'


def test_many_in_a_row_stop_the_run_with_the_weights_from_before(tmp_path):
    states = States()
    runner = make_runner(
        tmp_path,
        model=SometimesBroken(range(4, 100)),
        ema=False,
        hooks=(states,),
        patience=3,
        checkpoint=dict(interval=100),
    )
    with pytest.raises(DivergedError, match=r'3 steps in a row, 4 to 6.*step 4 are in.*lower'):
        runner.train()
    saved = torch.load(tmp_path / 'before_divergence.pth', weights_only=True)
    assert same([*saved['state_dict'].values()], states.after[2][: len(saved['state_dict'])])
    after = make_runner(tmp_path, epochs=1, ema=False)
    after.train()
    assert after.iter == 8


def test_broken_weights_are_not_saved(tmp_path):
    model = SometimesBroken(range(1, 100))
    with torch.no_grad():
        next(model.parameters())[0] = float('nan')
    runner = make_runner(tmp_path, model=model, ema=False, patience=2, checkpoint=dict(interval=9))
    with pytest.raises(DivergedError, match='not finite any more and are not saved'):
        runner.train()
    assert not (tmp_path / 'before_divergence.pth').exists()


def test_patience_must_be_positive():
    with pytest.raises(ValueError, match='patience=0, but 1 or more is expected'):
        FiniteLossHook(patience=0)
