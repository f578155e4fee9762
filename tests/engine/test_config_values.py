"""Plain values that no run can mean are refused by key where the config is read."""

import math

import pytest

from mmcnx2.engine.launch import read_config as read
from tests.support.configs import CONFIGS

CLASSIFIER = 'demo/convnextv2-atto_1xb64-50e_scenes.py'
WRONG = [
    ('optim_wrapper.optimizer.lr', math.inf, 'a number above 0 and up to 1000'),
    ('optim_wrapper.optimizer.lr', 1e30, 'a number above 0 and up to 1000'),
    ('optim_wrapper.optimizer.lr', '1e-3x', 'a number above 0 and up to 1000'),
    ('optim_wrapper.optimizer.weight_decay', -0.1, 'a number from 0 and up to 1000'),
    ('optim_wrapper.optimizer.betas', [0.9, 1.0], 'a list of 2, each a number from 0 and below 1,'),
    ('optim_wrapper.optimizer.betas', [0.9], 'a list of 2, each a number from 0 and below 1,'),
    ('optim_wrapper.clip_grad.max_norm', math.nan, r'a number above 0 and up to 1e\+15'),
    ('optim_wrapper.accumulative_counts', 1.5, 'a whole number from 1 to 2147483647'),
    ('default_hooks.checkpoint.interval', -1, 'a whole number from 1 to 2147483647'),
    ('default_hooks.checkpoint.max_keep_ckpts', 0, 'a whole number from 1 to 2147483647, or -1'),
    ('default_hooks.checkpoint.max_keep_ckpts', -5, 'a whole number from 1 to 2147483647, or -1'),
    ('default_hooks.logger.interval', True, 'a whole number from 1 to 2147483647'),
    ('param_scheduler.1.T_max', 0, 'a whole number from 1 to 2147483647'),
    ('param_scheduler.1.end', 5, 'more than param_scheduler.1.begin=5'),
    ('train_cfg.max_epochs', 0, 'a whole number from 1 to 2147483647'),
    ('train_cfg.val_interval', 0, 'a whole number from 1 to 2147483647'),
    ('train_dataloader.batch_size', 0, 'a whole number from 1 to 1000000'),
    ('train_dataloader.num_workers', -1, 'a whole number from 0 to 1024'),
    ('randomness.seed', -1, 'a whole number from 0 to 4294967295, or None'),
    ('load_from', 3, 'a text or None'),
]


@pytest.mark.parametrize(('key', 'value', 'expected'), WRONG)
def test_a_value_that_no_run_can_mean_is_refused_by_key(key, value, expected):
    with pytest.raises(ValueError, match=f'^{key}=.*, but {expected} is expected.$'):
        read(str(CONFIGS / CLASSIFIER), options={key: value})


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('default_hooks.checkpoint.max_keep_ckpts', -1),
        ('optim_wrapper.clip_grad.norm_type', math.inf),
        ('randomness.seed', None),
        ('param_scheduler', []),
        ('custom_hooks', None),
        ('val_dataloader', None),
    ],
)
def test_what_means_something_of_its_own_passes(key, value):
    read(str(CONFIGS / CLASSIFIER), options={key: value})
