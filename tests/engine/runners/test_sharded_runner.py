"""FSDP2 in a whole run: it ends as DDP does, and each goes on from the other's checkpoints."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.engine import ShardedRunner
from tests.support.closeness import assert_close
from tests.support.long_run import ToyPreTraining, make_runner
from tests.support.processes import run_processes
from tests.support.sharded_runs import (
    CLIPPED,
    END,
    KINDS,
    NO_VALIDATION,
    PAIRS,
    STOPPED_AT,
    features,
    train_and_exchange,
)


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """What two processes leave behind."""
    root = tmp_path_factory.mktemp('two')
    run_processes(train_and_exchange, root, count=2)
    return root


def saved(path: Path) -> dict:
    return torch.load(path, weights_only=True)


def flat(tree, path: str = '') -> dict:
    if isinstance(tree, dict | list):
        entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
        return {k: v for key, value in entries for k, v in flat(value, f'{path}.{key}').items()}
    return {path: tree}


def assert_same(found: dict, expected: dict) -> None:
    """Compare weights and optimizer: names, options, and values up to the order of sums."""
    for part in ('state_dict', 'optimizer'):
        ours, theirs = flat(dict(found[part])), flat(dict(expected[part]))
        assert ours.keys() == theirs.keys()
        assert theirs, f'{part} is empty'
        for name, value in theirs.items():
            if isinstance(value, torch.Tensor):
                assert_close(name, value.double(), ours[name].double(), relative=1e-4)
            else:  # a schedule of twice the steps at the same place has other last digits
                assert ours[name] == pytest.approx(value), name


def test_both_end_with_the_same_checkpoint(root):
    assert_same(saved(root / 'fsdp' / END), saved(root / 'ddp' / END))


@pytest.mark.parametrize('kind', KINDS)
def test_told_to_go_each_saves_a_whole_checkpoint(kind, root):
    assert [(root / f'{kind}-status-{rank}').read_text() for rank in (0, 1)] == ['75', '75']
    found = saved(root / f'{kind}-stopped/interrupted.pth')
    assert found['meta']['iter'] == STOPPED_AT


@pytest.mark.parametrize(('source', 'kind'), PAIRS)
def test_each_goes_on_from_the_others_checkpoint_within_an_epoch(source, kind, root):
    assert_same(saved(root / f'{source}-then-{kind}' / END), saved(root / 'ddp' / END))


class KeepStart(Hook):
    """Keeps what a run begins with."""

    def before_train(self, runner) -> None:
        model, optimizer = runner.model.state_dict(), runner.optim_wrapper.state_dict()
        self.start = deepcopy(dict(state_dict=model, optimizer=optimizer))


@pytest.mark.parametrize('kind', KINDS)
def test_one_process_goes_on_from_either(kind, root, tmp_path):
    path, keep = root / f'{kind}-stopped/interrupted.pth', KeepStart()
    options = dict(epochs=1, ema=False, optim_wrapper=CLIPPED, **NO_VALIDATION)
    make_runner(tmp_path, load_from=str(path), hooks=(keep,), **options).train()
    assert_same(keep.start, saved(path))
    assert list(tmp_path.glob('iter_*.pth')), 'it did not go on'


def test_a_process_holds_half_of_weights_and_averages(root):
    for rank in (0, 1):
        held = saved(root / f'held-{rank}.pt')
        assert 0.4 < held['weights'] / held['whole'] < 0.6
        assert held['averages'] == held['weights']


def test_the_encoder_alone_has_the_features_of_one_process(root):
    model = ToyPreTraining()
    model.load_state_dict(saved(root / 'fsdp' / END)['state_dict'])
    expected = features(model)
    for rank in (0, 1):
        assert_close('features', expected, saved(root / f'features-{rank}.pt'), relative=1e-5)


def test_a_step_that_is_not_finite_in_one_process_is_skipped_by_all(root):
    said = ''.join(path.read_text() for path in (root / 'skipped').glob('*/*.log'))
    skipped = [step for step in range(1, 5) if f'Step {step} is skipped' in said]
    assert skipped == [2, 4]
    end = saved(root / 'skipped' / END)
    steps = {float(entry['step']) for entry in end['optimizer']['state'].values()}
    assert steps == {end['meta']['iter'] - 2}


def test_all_go_back_from_a_spike_in_one_process(root):
    said = ''.join(path.read_text() for path in (root / 'spike-back').glob('*/*.log'))
    assert 'Step 7 in process 1: its loss' in said and said.count('Going back to') == 1
    back, out = (saved(root / f'spike-{name}/iter_8.pth') for name in ('back', 'out'))
    assert all(
        torch.equal(back['state_dict'][key], out['state_dict'][key]) for key in out['state_dict']
    )


def test_averaged_weights_are_refused_in_a_sentence(root):
    assert 'an EMAHook copies the model' in (root / 'refusal-0').read_text()


def test_without_a_launcher_nothing_is_shared_out(tmp_path):
    runner = make_runner(tmp_path, epochs=1, runner=ShardedRunner)
    runner.train()
    assert {type(p) for p in runner.model.parameters()} == {torch.nn.Parameter}
    assert type(runner.model) is ToyPreTraining
