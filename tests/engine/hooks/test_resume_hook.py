"""A run that is killed ends with the weights of one that is not, to the bit."""

import random
import signal
from pathlib import Path

import pytest
import torch

from mmcnx2.engine.resuming.refusal import CannotStartError
from tests.support.forkserver import start
from tests.support.long_run import BATCH, KillItself, end_state, make_runner, train

POINTS = ('before', 'after', 'written', 'flushed', 'renamed')


def finished(process) -> int:
    process.join(120)
    assert process.exitcode is not None, 'the run hangs'
    return process.exitcode


def assert_same_end(found: dict, expected: dict, path: str = 'end') -> None:
    """Compare nested dicts of tensors to the bit, and name the one that differs."""
    assert found.keys() == expected.keys(), path
    for key, value in expected.items():
        if isinstance(value, dict):
            assert_same_end(found[key], value, f'{path}.{key}')
        else:
            assert torch.equal(torch.as_tensor(found[key]), torch.as_tensor(value)), (
                f'{path}.{key} differs by {(found[key] - value).abs().max()}'
            )


def load_end(folder: Path) -> dict:
    return torch.load(folder / 'end.pt', weights_only=True)


def test_killed_twenty_times_it_ends_as_if_it_had_never_been(tmp_path):
    options = dict(epochs=8)
    whole = start(train, tmp_path / 'whole', options=options)
    draw = random.Random(7)
    # A step takes some hundredths of a second, so the last five end within one or two of them.
    points = [*POINTS * 3, *(draw.uniform(0, 0.05) for _ in range(5))]
    draw.shuffle(points)
    for number, point in enumerate(points):
        step = draw.randint(1, 3)
        process = start(train, tmp_path / 'killed', step, point, options=options)
        assert finished(process) == -signal.SIGKILL, f'run {number} was not killed ({point})'
    assert not (tmp_path / 'killed/end.pt').exists(), 'it was killed after its end'
    assert finished(start(train, tmp_path / 'killed', options=options)) == 0
    assert finished(whole) == 0
    assert_same_end(load_end(tmp_path / 'killed'), load_end(tmp_path / 'whole'))
    left = [path.name for path in (tmp_path / 'killed').glob('.*')]
    assert not left, f'half-written files are left: {left}'


class Stop(KillItself):
    """Breaks off in this process, with an exception."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if self.steps == self.step:
            raise KeyboardInterrupt


def broken_off(work_dir: Path, step: int, **options):
    """Train until after a step, then go on to the end."""
    with pytest.raises(KeyboardInterrupt):
        make_runner(work_dir, hooks=(Stop(step, 'never'),), **options).train()
    runner = make_runner(work_dir, **options)
    runner.train()
    return runner


def test_without_a_seed_in_the_config_data_keep_their_order(tmp_path):
    runner = broken_off(tmp_path / 'run', 3, epochs=1, seed=None, ema=False)
    whole = make_runner(tmp_path / 'whole', epochs=1, seed=runner.seed, ema=False)
    whole.train()
    assert_same_end(end_state(runner), end_state(whole))


def test_masks_with_a_seed_of_their_own_resume(tmp_path):
    options = dict(epochs=1, masks_seed=5, ema=False)
    runner = broken_off(tmp_path / 'run', 3, **options)
    whole = make_runner(tmp_path / 'whole', **options)
    whole.train()
    assert_same_end(end_state(runner), end_state(whole))


def test_loading_processes_change_nothing(tmp_path):
    options = dict(epochs=2, ema=False)
    runner = broken_off(tmp_path / 'run', 9, workers=2, **options)
    whole = make_runner(tmp_path / 'whole', **options)
    whole.train()
    assert_same_end(end_state(runner), end_state(whole))


@pytest.mark.parametrize('workers', [0, 1])
def test_a_loop_without_epochs_resumes(tmp_path, workers):
    options = dict(
        train_cfg=dict(by_epoch=False, max_iters=7, val_interval=100),
        param_scheduler=None,
        ema=False,
    )
    runner = broken_off(tmp_path / 'run', 3, workers=workers, **options)
    whole = make_runner(tmp_path / 'whole', **options)
    whole.train()
    assert_same_end(end_state(runner), end_state(whole))


def test_another_batch_size_goes_on_behind_the_same_image(tmp_path):
    seen = []

    class Watch(KillItself):
        def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
            seen.extend(data_batch['index'].tolist())

    with pytest.raises(KeyboardInterrupt):
        make_runner(
            tmp_path, epochs=1, ema=False, hooks=(Watch(0, 'never'), Stop(4, 'never'))
        ).train()
    runner = make_runner(tmp_path, epochs=1, ema=False, hooks=(Watch(0, 'never'),))
    loader = dict(runner._train_dataloader, batch_size=2 * BATCH)
    runner._train_dataloader = loader
    runner.train()
    assert sorted(seen) == list(range(16)), 'an image was left out or came twice'


def test_each_epoch_draws_anew(tmp_path):
    crops = []

    class Watch(KillItself):
        def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
            sums = data_batch['inputs'].sum((1, 2, 3)).tolist()
            for index, total in zip(data_batch['index'].tolist(), sums, strict=True):
                crops.append((runner.epoch, index, total))

    make_runner(tmp_path, epochs=2, ema=False, hooks=(Watch(0, 'never'),)).train()
    assert len(set(crops)) == 32
    sums = [{crop for epoch, _, crop in crops if epoch == wanted} for wanted in (0, 1)]
    assert not sums[0] & sums[1], 'two epochs have the same augmentation'
    orders = [[index for epoch, index, _ in crops if epoch == wanted] for wanted in (0, 1)]
    assert orders[0] != orders[1]


def damage(path: Path) -> None:
    """Change bytes in the middle of a file, more than torch ever puts between two tensors."""
    data = path.read_bytes()
    middle = len(data) // 2
    changed = bytes(byte ^ 0xFF for byte in data[middle : middle + 128])
    path.write_bytes(data[:middle] + changed + data[middle + 128 :])


def test_damaged_checkpoints_are_named_and_passed_over(tmp_path):
    options = dict(epochs=1, ema=False, checkpoint=dict(max_keep_ckpts=4))
    with pytest.raises(KeyboardInterrupt):
        make_runner(tmp_path, hooks=(Stop(5, 'never'),), **options).train()
    damage(tmp_path / 'iter_5.pth')
    cut = (tmp_path / 'iter_4.pth').read_bytes()
    (tmp_path / 'iter_4.pth').write_bytes(cut[: len(cut) // 2])
    (tmp_path / 'iter_9.pth').touch()
    runner = make_runner(tmp_path, **options)
    runner.train()
    said = ''.join(path.read_text() for path in tmp_path.glob('*/*.log'))
    for name in ('iter_4.pth', 'iter_5.pth', 'iter_9.pth'):
        assert f"{name}' is passed over" in said, f'{name} is not named'
    assert f"Resuming from '{tmp_path}/iter_3.pth'" in said
    whole = make_runner(tmp_path / 'whole', **options)
    whole.train()
    assert_same_end(end_state(runner), end_state(whole))


def test_only_damaged_checkpoints_are_an_error(tmp_path):
    (tmp_path / 'epoch_1.pth').write_bytes(b'PK not quite')
    with pytest.raises(CannotStartError, match=r'nothing in .* can be resumed from: epoch_1\.pth'):
        make_runner(tmp_path).train()


def test_without_checkpoints_it_begins(tmp_path):
    runner = make_runner(tmp_path, epochs=1, ema=False)
    runner.train()
    assert runner.iter == 8
