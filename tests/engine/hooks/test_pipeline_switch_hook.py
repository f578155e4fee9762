"""The last epochs take other transforms, at whatever length."""

from types import SimpleNamespace

import pytest

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmdet is imported)
from mmcnx2.engine.hooks.pipeline_switch_hook import PipelineSwitchHook


@pytest.mark.parametrize(('given', 'epochs', 'first'), [(0.9, 100, 90), (0.9, 30, 27), (7, 30, 7)])
def test_a_share_is_one_of_the_epochs_that_there_are(given, epochs, first):
    hook = PipelineSwitchHook(switch_epoch=given, switch_pipeline=[])
    hook.before_train(SimpleNamespace(max_epochs=epochs))
    assert hook.switch_epoch == first


@pytest.mark.parametrize('given', [-1, 1.5])
def test_what_is_neither_is_refused(given):
    with pytest.raises(
        ValueError, match=f'^switch_epoch={given}, but a whole number from 0 or a s'
    ):
        PipelineSwitchHook(switch_epoch=given, switch_pipeline=[])
