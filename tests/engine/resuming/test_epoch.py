"""What becomes of a broken-off epoch whose data, batches or processes are others now."""

from dataclasses import replace

import pytest

from mmcnx2.engine.resuming.epoch import Broken, Epoch
from tests.support.tiny_run import cosine, log_of, run

NOW = Epoch(images=48, batch_size=4, processes=2, accumulation=1, steps=6)
KEYS = ('images', 'batch_size', 'processes', 'accumulation', 'steps')


def broken(epoch: int = 3, batches_done: int | None = 2, **made_of: int) -> Broken:
    before = {key: getattr(NOW, key) for key in KEYS} | made_of
    return Broken(epoch, epoch * before['steps'] + (batches_done or 0), batches_done, before)


def said(before: Broken, now: Epoch = NOW, **options) -> str | None:
    options = dict(by_epoch=True, same_names=True, scaled=False) | options
    return before.compare(now, **options)


def test_where_nothing_has_changed_nothing_is_said():
    assert said(broken()) is None
    assert said(broken(), by_epoch=False) is None
    assert said(Broken(3, 18, None, {})) is None


def test_a_broken_off_epoch_goes_on_behind_as_many_images():
    assert broken(batches_done=4).steps_behind(replace(NOW, batch_size=8, steps=3)) == 2
    assert broken(batches_done=2).steps_behind(replace(NOW, batch_size=2, steps=12)) == 4
    assert broken(batches_done=3).steps_behind(replace(NOW, processes=1, steps=12)) == 6
    assert broken(batches_done=5).steps_behind(replace(NOW, images=8, steps=1)) == 1


def test_mmengines_own_checkpoints_say_it_by_their_steps():
    assert Broken(3, 20, None, {}).steps_behind(NOW) == 2
    assert Broken(3, 18, None, {}).steps_behind(NOW) == 0
    assert Broken(3, 5000, None, {}).steps_behind(NOW) == 0


def test_removed_images_are_said_with_what_follows():
    sentence = said(broken(epoch=3, batches_done=0), replace(NOW, images=8, steps=1))
    assert sentence == (
        'This run has 8 images in the data set (48 before): each epoch draws its order from 8 '
        'images; an epoch has 1 step (6 before): what the schedule counts in epochs goes on '
        'within epoch 4, what it counts in steps at step 18.'
    )


def test_within_an_epoch_the_new_order_is_named():
    sentence = said(broken(batches_done=2), replace(NOW, images=64, steps=8))
    assert 'epoch 4 goes on behind 16 images of its new order, so that some come twice' in sentence


def test_other_names_are_said():
    sentence = said(broken(batches_done=0), same_names=False)
    assert sentence.startswith('This run has other names of images than before, or in another ord')
    assert 'schedule' not in sentence


def test_an_other_batch_is_said_with_its_rate():
    now = replace(NOW, batch_size=8, steps=3)
    sentence = said(broken(), now)
    assert '8 as train_dataloader.batch_size (4 before)' in sentence
    assert 'epoch 4 goes on behind 16 images of its order;' in sentence
    assert 'an epoch has 3 steps (6 before)' in sentence
    assert 'an update sees 16 images (8 before) at the rate that the config has' in sentence
    assert '--auto-scale-lr' not in said(broken(), now, scaled=True)


def test_accumulation_makes_an_update_larger_and_leaves_the_schedule_alone():
    sentence = said(broken(batches_done=0), replace(NOW, accumulation=4))
    assert '4 as optim_wrapper.accumulative_counts (1 before)' in sentence
    assert 'an update sees 32 images (8 before)' in sentence
    assert 'schedule' not in sentence


def test_smaller_batches_added_up_to_the_same_update_keep_the_rate():
    now = replace(NOW, batch_size=2, accumulation=2, steps=12)
    assert 'an update sees' not in said(broken(), now)


def test_a_loop_without_epochs_counts_batches():
    sentence = said(broken(epoch=0, batches_done=20), replace(NOW, processes=4), by_epoch=False)
    assert (
        'it goes on behind 20 batches of its order, which were 160 images and are 320 now; the '
        'schedule goes on at step 20'
    ) in sentence


def images_of(*watches) -> list[int]:
    return [index for watch in watches for batch in watch.images for index in batch]


class TestRuns:
    """Sixteen images, eight steps an epoch, two epochs, broken off within the first."""

    TWO = dict(epochs=2, param_scheduler=cosine(2))

    @pytest.mark.parametrize('batch_size', [1, 4])
    def test_with_another_batch_size_no_image_is_left_out_or_comes_twice(
        self, batch_size, tmp_path
    ):
        _, first = run(tmp_path / 'run', stop_at=4, **self.TWO)
        resumed, second = run(tmp_path / 'run', batch_size=batch_size, **self.TWO)
        assert sorted(images_of(first, second)) == sorted([*range(16)] * 2)
        assert f'{batch_size} as train_dataloader.batch_size (2 before)' in log_of(resumed)

    @pytest.mark.parametrize('batch_size', [1, 4])
    def test_the_schedule_is_at_the_same_place_of_the_same_epoch(self, batch_size, tmp_path):
        run(tmp_path / 'run', stop_at=4, **self.TWO)
        _, second = run(tmp_path / 'run', batch_size=batch_size, **self.TWO)
        _, fresh = run(tmp_path / 'fresh', batch_size=batch_size, **self.TWO)
        assert second.rates == fresh.rates[8 // batch_size :]

    def test_a_schedule_in_steps_goes_on_at_its_step(self, tmp_path):
        options = dict(epochs=2, param_scheduler=dict(type='LinearLR', end=100, by_epoch=False))
        run(tmp_path / 'run', stop_at=4, **options)
        _, second = run(tmp_path / 'run', batch_size=4, **options)
        _, fresh = run(tmp_path / 'fresh', **options)
        assert second.rates == fresh.rates[4 : 4 + len(second.rates)]

    def test_both_in_one_chain_each_go_on_by_their_own(self, tmp_path):
        warmup = dict(type='LinearLR', start_factor=0.1, end=6, by_epoch=False)
        options = dict(epochs=2, param_scheduler=[warmup, cosine(2)])
        run(tmp_path / 'run', stop_at=8, **options)
        cfg = dict(param_scheduler=options['param_scheduler'])
        resumed, _ = run(tmp_path / 'run', batch_size=4, cfg=cfg, stop_at=9, **options)
        assert [each._global_step for each in resumed.param_schedulers] == [9, 5]

    def test_steps_that_were_taken_count_and_the_rest_is_known(self, tmp_path):
        run(tmp_path, stop_at=4, **self.TWO)
        resumed, second = run(tmp_path, batch_size=4, **self.TWO)
        assert (resumed.iter, resumed.max_iters) == (10, 10)
        resumed, _ = run(tmp_path, batch_size=4, epochs=3, param_scheduler=cosine(3))
        assert (resumed.iter, resumed.max_iters) == (14, 14)

    def test_accumulation_and_batch_size_may_change_together(self, tmp_path):
        run(tmp_path, stop_at=12, **self.TWO)
        wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3), accumulative_counts=3)
        resumed, second = run(tmp_path, batch_size=4, optim_wrapper=wrapper, **self.TWO)
        assert len(second.rates) == 2
        state = resumed.optim_wrapper.optimizer.state_dict()['state'][0]
        assert state['step'] == 12 + 1, 'the last steps were not used'
        assert '3 as optim_wrapper.accumulative_counts (1 before)' in log_of(resumed)

    def test_a_data_set_that_shrank_trains_its_epochs_to_the_end(self, tmp_path):
        run(tmp_path, stop_at=13, **self.TWO)
        resumed, second = run(tmp_path, images=6, **self.TWO)
        assert resumed.epoch == 2
        assert not second.images, 'the five steps behind were more than the epoch has now'
        assert '6 images in the data set (16 before)' in log_of(resumed)

    def test_a_data_set_that_grew_draws_from_all_of_it(self, tmp_path):
        run(tmp_path, stop_at=8, **self.TWO)
        resumed, second = run(tmp_path, images=20, **self.TWO)
        assert second.epochs == [0] * 2 + [1] * 10
        assert sorted(images_of(second)[4:]) == [*range(20)]
        said = log_of(resumed)
        assert '20 images in the data set (16 before)' in said
        assert 'an epoch has 10 steps (8 before)' in said

    def test_a_loop_without_epochs_says_that_its_images_are_others(self, tmp_path):
        options = dict(train_cfg=dict(by_epoch=False, max_iters=6), param_scheduler=None)
        run(tmp_path, stop_at=3, **options)
        resumed, second = run(tmp_path, batch_size=4, **options)
        assert len(second.rates) == 3
        assert 'behind 3 batches of its order, which were 6 images and are 12' in log_of(resumed)
