"""Feature diversity during pre-training: a number a stage in the log, one warning, no effect."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.analysis.feature_diversity import measure_diversity
from mmcnx2.analysis.hooks import FeatureDiversityHook
from mmcnx2.engine.batches import images_of
from tests.support.short_pretraining import assert_same_weights, logged, pre_train, render


@pytest.fixture(scope='module')
def pictures(tmp_path_factory) -> Path:
    return render(tmp_path_factory.mktemp('scenes'))


class KeepBatch(Hook):
    """Remembers the last batch as the loader gave it."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self.batch = data_batch


@pytest.mark.parametrize('mask_ratio', [None, 0.5], ids=['dense', 'masked'])
def test_logs_a_number_a_stage_and_leaves_training_alone(pictures, tmp_path, mask_ratio):
    plain = pre_train(pictures, tmp_path / 'plain')
    batch = KeepBatch()
    options = dict(
        type='mmcnx2.FeatureDiversityHook', interval=2, num_images=2, mask_ratio=mask_ratio
    )
    watched = pre_train(pictures, tmp_path / 'watched', batch, options)
    assert_same_weights(plain, watched)

    names = [f'diversity/stage{i}' for i in range(1, 5)]
    rows = logged(tmp_path / 'watched')
    assert [names[0] in row for row in rows] == [False, True, True, True]
    text = next((tmp_path / 'watched').glob('*/*.log')).read_text()
    assert 'diversity/stage4: 0.' in text
    if mask_ratio is None:
        images = images_of(watched.model, batch.batch)
        assert images.shape == (3, 3, 64, 64)
        expected = measure_diversity(watched.model.backbone, [images[:2]]).stages
        assert [rows[-1][name] for name in names] == pytest.approx(expected, rel=1e-5)
    assert all(0 < rows[-1][name] <= 0.5 for name in names)


class Collapse(Hook):
    """Makes every expanded channel of the last stage the same."""

    priority = 'VERY_HIGH'

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        block = runner.model.backbone.stages[3][0]
        with torch.no_grad():
            for parameter in (block.pointwise_conv1.weight, block.pointwise_conv1.bias):
                parameter.copy_(parameter[:1].expand_as(parameter).clone())


@pytest.mark.parametrize('grn', [True, False], ids=['V2', 'V1'])
def test_warns_once_of_the_stages_that_collapse(pictures, tmp_path, grn):
    hook = FeatureDiversityHook(interval=1, threshold=0.1)
    v1 = {} if grn else dict(use_grn=False, layer_scale_init_value=1e-6)
    pre_train(pictures, tmp_path, Collapse(), hook, backbone=v1)
    text = next(tmp_path.glob('*/*.log')).read_text()
    (line,) = [line for line in text.splitlines() if 'Features collapse' in line]
    assert 'WARNING' in line
    assert 'stage 4 (0.000) is below 0.1 at step 1' in line
    assert ('use_grn=True' in line) != grn, 'GRN is no advice for a network that has it'
    collapsed = [row['diversity/stage4'] < 1e-4 for row in logged(tmp_path)]
    assert collapsed == [True] * 4


@pytest.mark.parametrize(
    'options, sentence',
    [
        (dict(threshold=0.6), 'threshold=0.6 must lie between 0 and 0.5'),
        (dict(interval=0), 'interval=0'),
        (dict(mask_ratio=1.0), 'mask ratio=1.0 must lie between 0 and 1'),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        FeatureDiversityHook(**options)
