"""A sudden rise of the loss is named with its files, and a run can go on without them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.engine import FiniteLossHook, LossSpikeHook
from tests.support import long_run
from tests.support.long_run import end_state, make_runner
from tests.support.tiny import LeaveOut, Tiny

NO_VALIDATION = dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator'))


class Seen(Hook):
    """Notes the images of each step, each time it is done."""

    def __init__(self):
        self.batches = []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self.batches.append((runner.iter + 1, data_batch['index'].tolist()))


def run(folder: Path, *hooks: Hook, spikes=(), saving: int = 2, epochs: int = 2, **options):
    """Train for eight steps an epoch."""
    checkpoint = dict(interval=saving, save_last=saving <= 8)
    settings = dict(epochs=epochs, model=Tiny(spikes=spikes), hooks=hooks, checkpoint=checkpoint)
    runner = make_runner(folder, **settings | NO_VALIDATION | options)
    runner.train()
    return runner


def said_in(folder: Path) -> str:
    return ''.join(path.read_text() for path in folder.glob('*/*.log'))


def judge(*losses: float, **options) -> bool:
    """Whether the last loss is a spike."""
    return LossSpikeHook(**options).judge(np.array(losses)) is not None


CALM = [1.0, 1.2, 0.8, 1.1, 0.9]  # median 1, robust deviation 0.14826


@pytest.mark.parametrize(
    ('losses', 'spike'),
    [
        ([*CALM, 2.4], False),
        ([*CALM, 2.5], True),
        ([*CALM, -9.0], False),
        ([*CALM, float('nan')], False),
        ([9.0, *CALM, 2.5], True),
        ([1.0, 1.2, float('nan'), 0.8, 1.1, float('inf'), 0.9, 2.5], True),
        ([1.0, 1.2, 0.8, 1.1, 2.5], False),
        ([2.0] * 5 + [2.019], False),
        ([2.0] * 5 + [2.021], True),
        ([0.0] * 6, False),
    ],
)
def test_a_spike_is_ten_robust_deviations_above_the_median(losses, spike):
    assert judge(*losses, window=5) == spike


class WithPaths(long_run.MemoryImages):
    """Has samples that know their files, as those of the toolboxes' data sets do."""

    def __getitem__(self, index: int) -> dict:
        return dict(super().__getitem__(index), data_samples=Sample(img_path=f'{index}.jpg'))


class Sample(dict):
    """A toolbox's sample, as far as paths go."""

    img_path = property(lambda self: self['img_path'])


def collate(batch: list[dict]) -> dict:
    inputs = torch.stack([sample['inputs'] for sample in batch])
    index = torch.tensor([sample['index'] for sample in batch])
    return dict(inputs=inputs, index=index, data_samples=[s['data_samples'] for s in batch])


def test_it_is_named_with_the_files_of_its_batch(tmp_path):
    class NamesAreNoArguments(Tiny):
        def forward(self, inputs, index, mode='tensor', data_samples=None):
            return super().forward(inputs, index, mode)

    loader = dict(
        dataset=WithPaths(),
        batch_size=2,
        sampler=dict(type='DefaultSampler', shuffle=True),
        collate_fn=collate,
    )
    seen, model = Seen(), NamesAreNoArguments(spikes={7})
    hooks = (LossSpikeHook(window=5), seen)
    runner = run(tmp_path, *hooks, epochs=1, train_dataloader=loader, model=model)
    names = ', '.join(f'{index}.jpg' for index in dict(seen.batches)[7])
    (line,) = [line for line in said_in(tmp_path).splitlines() if 'robust deviations' in line]
    assert 'Step 7: its loss' in line and line.endswith(f'Its batch: {names}.')
    assert runner.iter == 8 and len(seen.batches) == 8, 'it goes on, as nothing else was asked for'


def assert_same_end(runner, other) -> None:
    found, expected = end_state(runner), end_state(other)
    parts = [(found[part], expected[part]) for part in ('model', 'ema')]
    averages = expected['optimizer'].items()
    parts += [(found['optimizer'][number], entry) for number, entry in averages]
    for ours, theirs in parts:
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], value) for name, value in theirs.items())


@pytest.mark.parametrize(
    ('spike', 'options'),
    [
        (7, dict(ema=True)),
        (12, dict(ema=True)),
        (9, dict(saving=1)),
        (12, dict(optim_wrapper=dict(optimizer=dict(type='AdamW'), accumulative_counts=2))),
        (12, dict(workers=1)),
        (7, dict(train_cfg=dict(by_epoch=False, max_iters=8), param_scheduler=None)),
    ],
    ids=['', 'second epoch', 'its start', 'accumulated', 'loading process', 'no epochs'],
)
def test_going_back_ends_as_if_the_step_had_been_left_out(tmp_path, spike, options):
    seen = Seen()
    hooks = LossSpikeHook(window=5, rollbacks=1), seen
    back = run(tmp_path / 'back', *hooks, spikes={spike}, **options)
    whole = run(tmp_path / 'whole', LeaveOut(spike), spikes={spike}, **options)
    assert_same_end(back, whole)
    assert back.iter == whole.iter == back.max_iters
    saved = (spike - 1) // options.get('saving', 2) * options.get('saving', 2)
    steps = [step for step, _ in seen.batches]
    assert steps == [*range(1, spike + 1), *range(saved + 1, back.iter + 1)]
    assert len({step: tuple(batch) for step, batch in seen.batches}) == len(
        {(step, tuple(batch)) for step, batch in seen.batches}
    ), 'a step had other data the second time'
    said = said_in(tmp_path / 'back')
    assert f"Going back to '{tmp_path}/back/iter_{saved}.pth', after step {saved}" in said


def test_steps_before_it_can_be_left_out_too_as_far_as_the_checkpoint(tmp_path):
    hook = LossSpikeHook(window=5, rollbacks=1, left_out=3)
    back = run(tmp_path / 'back', hook, spikes={8}, saving=6)
    assert_same_end(back, run(tmp_path / 'whole', LeaveOut(7, 8), spikes={8}, saving=6))


def test_it_goes_back_no_oftener_than_it_may(tmp_path):
    spikes = {7, 10, 13}
    back = run(tmp_path / 'back', LossSpikeHook(window=5, rollbacks=2), spikes=spikes)
    whole = run(tmp_path / 'whole', LeaveOut(7, 10), spikes=spikes)
    assert_same_end(back, whole)
    assert said_in(tmp_path / 'back').count('Going back to') == 2


def test_without_a_checkpoint_it_stays(tmp_path):
    run(tmp_path, LossSpikeHook(window=5, rollbacks=1), spikes={7}, saving=100, epochs=1)
    assert 'The run does not go back: no checkpoint has been saved yet' in said_in(tmp_path)


def test_a_damaged_checkpoint_is_not_gone_back_to(tmp_path):
    class Damage(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
            if runner.iter + 1 == 7:
                Path(runner.work_dir, 'iter_6.pth').write_bytes(b'PK')

    run(tmp_path, Damage(), LossSpikeHook(window=5, rollbacks=1), spikes={7}, epochs=1)
    assert "iter_6.pth', is damaged" in said_in(tmp_path)


def test_a_resumed_run_can_go_back_to_where_it_was_resumed(tmp_path):
    run(tmp_path, epochs=1)
    back = run(tmp_path, LossSpikeHook(window=5, rollbacks=1), spikes={10}, saving=100)
    assert f"Going back to '{tmp_path}/iter_8.pth'" in said_in(tmp_path) and back.iter == 16


def test_going_back_takes_other_hooks(tmp_path):
    runner = make_runner(tmp_path, model=Tiny(), hooks=(LossSpikeHook(rollbacks=1),))
    runner._hooks = [hook for hook in runner.hooks if not isinstance(hook, FiniteLossHook)]
    with pytest.raises(ValueError, match='rollbacks=1, but going back takes FiniteLossHook'):
        runner.train()


@pytest.mark.parametrize('end', ['the epoch', 'a checkpoint', 'fifty steps'])
def test_a_run_that_stays_reads_losses_together(tmp_path, end, monkeypatch):
    looks = []

    class Notes(LossSpikeHook):
        def _find_spikes(self, runner, unseen):
            looks.append([step for step, _ in unseen])
            return super()._find_spikes(runner, unseen)

    saving = 3 if end == 'a checkpoint' else 100
    monkeypatch.setattr(
        'mmcnx2.engine.hooks.loss_spike_hook.TOGETHER', 4 if end == 'fifty steps' else 50
    )
    run(tmp_path, Notes(window=5), spikes={7}, saving=saving, epochs=1)
    seen = [steps for steps in looks if steps]
    expected = {
        'the epoch': [[*range(1, 9)]],
        'a checkpoint': [[1, 2, 3], [4, 5, 6], [7, 8]],
        'fifty steps': [[1, 2, 3, 4], [5, 6, 7, 8]],
    }
    assert seen == expected[end]
    assert 'Step 7: its loss' in said_in(tmp_path)
