"""In every config one key is enough: for a length, for a size, for a number of classes."""

import re

import pytest
from mmengine.config import Config

from mmcnx2.analysis.model_complexity import measure_complexity
from mmcnx2.archs import ARCHS
from mmcnx2.engine.launch import read_config as read_with_options
from tests.support.configs import CONFIGS, NAMES, numbers_of, read_config
from tests.support.schedule import build_schedulers, learning_rates

CLASSES = 'num_classes', 'num_things_classes'
"""What toolboxes call a number of classes."""
STEPS = 8000
"""About so many are taken of each schedule."""


def schedule_of(name: str) -> str:
    cfg = read_config(name)
    return repr((cfg.param_scheduler, cfg.train_cfg, cfg.optim_wrapper.optimizer.lr))


def model_of(name: str) -> str:
    """What of a model takes numbers from elsewhere."""
    model = read_config(name).model
    return repr((model.type, model.get('neck', {}).get('type'), sorted(numbers_of(model))))


SCHEDULES = {schedule_of(name): name for name in reversed(NAMES)}
MODELS = {model_of(name): name for name in reversed(NAMES)}
"""One config for each schedule, and for each kind of model, that there is."""
CLASSIFYING = [name for name in MODELS.values() if 'num_classes' in read_config(name).model]
every_schedule = pytest.mark.parametrize('name', SCHEDULES.values())
every_model = pytest.mark.parametrize(
    'name',
    [
        name
        for name in MODELS.values()
        if read_config(name).model.type not in ('mmcnx2.SkipFCMAE', 'mmcnx2.DINO')
        and 'pixel_decoder' not in repr(read_config(name).model)
    ],
)
"""But one whose decoder is not computed alone, and those with a transformer."""


def with_length(name: str, factor: float | None = None, *, length: int | None = None) -> Config:
    """Read a config and change its length, by one key: by a factor, or to a length."""
    cfg = read_config(name)
    (key,) = {'max_epochs', 'max_iters'} & cfg.train_cfg.keys()
    cfg.merge_from_dict({f'train_cfg.{key}': length or int(factor * cfg.train_cfg[key])})
    return cfg


def length_of(cfg: Config) -> int:
    return cfg.train_cfg.get('max_epochs') or cfg.train_cfg.max_iters


def lowest(cfg: Config) -> float:
    """Return what the recipe itself leaves of the highest rate at the end, the paper's choice."""
    last = cfg.param_scheduler[-1]
    if 'milestones' in last:
        return last.gamma ** len(last.milestones)
    return last.get('eta_min_ratio') or last.get('eta_min', 0) / cfg.optim_wrapper.optimizer.lr


@every_schedule
def test_a_length_is_the_schedules_by_one_key(name):
    cfg = with_length(name, 2)
    if length_of(cfg) > 2 * STEPS:  # of steps, and as good at another length
        _, (_, falling) = build_schedulers(cfg, 1)
        assert falling.end == length_of(cfg)
        cfg = with_length(name, length=2 * STEPS)
    rates = learning_rates(cfg, per_epoch=max(1, STEPS // length_of(cfg))).tolist()
    peak, half = max(rates), rates[len(rates) // 2]
    assert peak == pytest.approx(cfg.optim_wrapper.optimizer.lr)
    assert half > 0.3 * peak
    assert rates[-1] < 1e-3 * peak or rates[-1] == pytest.approx(lowest(cfg) * peak, rel=1e-3)


def test_few_recipes_end_above_a_thousandth_of_their_rate_and_all_are_the_papers():
    """Drops by ten on COCO, RTMDet's twentieth, a last rate of 1e-6 beside a low highest one."""
    ends = {
        r'mask[-_]rcnn|^dino/|mask2former.*-50e|fcmae_1xb8-12e_scenes': 1e-2,
        r'^rtmdet/': 0.05,
        r'fcmae-in21k-pre_.*in1k': 0.02,
        r'-600e_in1k': 1.25e-3,
        r'/convnextv2-.*-(50|13)e_(folder|channels|scenes)': 1e-3,
    }
    for name in NAMES:
        share = lowest(read_config(name))
        if share >= 1e-3:
            known = [end for kind, end in ends.items() if re.search(kind, name)]
            assert known == [pytest.approx(share)], name


@every_schedule
def test_the_warm_up_stays(name):
    before, after = (build_schedulers(with_length(name, factor), 10)[1] for factor in (1, 2))
    assert len(before) == len(after)
    for one, other in zip(before[:-1], after[:-1], strict=True):
        assert (one.begin, one.end) == (other.begin, other.end)
    share = 0 < read_config(name).param_scheduler[-1].get('begin', 0) < 1
    assert after[-1].begin == before[-1].begin * (2 if share else 1)


@every_schedule
def test_a_length_within_the_warm_up_trains_too(name):
    cfg = with_length(name, length=1)
    assert len(learning_rates(cfg, per_epoch=3)) == (1 if 'max_iters' in cfg.train_cfg else 3)


@every_schedule
def test_an_end_of_ones_own_wins(name):
    cfg = read_config(name)
    number = len(cfg.param_scheduler) - 1
    key = 'milestones' if 'milestones' in cfg.param_scheduler[-1] else 'end'
    given = [7, 11] if key == 'milestones' else length_of(cfg) - 1
    cfg.merge_from_dict({f'param_scheduler.{number}.{key}': given})
    _, (*_, last) = build_schedulers(cfg, per_epoch=1)
    assert (sorted(last.milestones) if key == 'milestones' else last.end) == given


def test_coco_drops_at_the_papers_epochs_and_at_these_shares_of_another_length():
    name = 'mask_rcnn/mask-rcnn_convnextv2-base-fcmae_fpn_lsj-3x_coco.py'
    drops = [build_schedulers(with_length(name, factor), 1)[1][1].milestones for factor in (1, 2)]
    assert [sorted(each) for each in drops] == [[27, 33], [54, 66]]


@pytest.mark.parametrize('name', NAMES)
def test_widths_follow_arch_alone(name):
    cfg = read_config(name)
    cfg.merge_from_dict({'model.backbone.arch': 'tiny'})
    widths = list(ARCHS['tiny']['channels'])
    stages = cfg.model.backbone.get('out_indices', range(4))
    known = {str(each) for each in (widths, [widths[i] for i in stages], *widths, 32, 3)}
    numbers = numbers_of(cfg.model)
    assert numbers
    for key, number in numbers.items():
        assert str(number) in known or key.endswith(CLASSES), (key, number)


@every_model
def test_another_size_is_computed_by_arch_alone(name):
    cfg = read_with_options(str(CONFIGS / name), options={'model.backbone.arch': 'femto'})
    assert sum(measure_complexity(cfg, 128, 128).multiply_adds.values()) > 0


def test_a_width_of_ones_own_wins():
    cfg = read_config('convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py')
    cfg.merge_from_dict({'model.backbone.arch': 'tiny', 'model.head.in_channels': 320})
    assert cfg.model.head.in_channels == 320 and 'head.in_channels' not in numbers_of(cfg.model)


def counts_of_classes(node, path: str = ''):
    """Yield what a model's config says of numbers of classes, by dotted key."""
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in entries:
        if key in CLASSES:
            yield f'{path}{key}', value
        elif isinstance(value, dict | list):
            yield from counts_of_classes(value, f'{path}{key}.')


@pytest.mark.parametrize('name', NAMES)
def test_a_number_of_classes_stands_once(name):
    said = dict(counts_of_classes(read_config(name).model))
    own = said.pop('num_classes', None)
    assert set(said.values()) <= {'model.num_classes'}
    assert bool(said) == (own is not None)


@pytest.mark.parametrize('name', CLASSIFYING)
@pytest.mark.parametrize('key', ['num_classes', 'model.num_classes'])
def test_classes_follow_one_key(name, key):
    cfg = read_with_options(str(CONFIGS / name), options={key: 7})
    assert {v for k, v in numbers_of(cfg.model).items() if k.endswith(CLASSES)} == {7}


def test_the_copy_that_a_run_leaves_is_as_good(tmp_path):
    name = 'upernet/upernet_convnextv2-atto-fcmae_1xb8-amp-20k_folder-512x512.py'
    read_config(name).dump(tmp_path / 'copy.py')
    options = {'model.backbone.arch': 'tiny', 'num_classes': 7, 'train_cfg.max_iters': 900}
    cfg = read_with_options(str(tmp_path / 'copy.py'), options=options)
    numbers = numbers_of(cfg.model)
    assert numbers['decode_head.in_channels'] == list(ARCHS['tiny']['channels'])
    assert numbers['decode_head.num_classes'] == numbers['auxiliary_head.num_classes'] == 7
    assert build_schedulers(cfg, 1)[1][-1].end == 900


def test_pre_training_has_no_classes():
    name = 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
    with pytest.raises(
        ValueError, match=r'^model.num_classes: model \(mmcnx2.FCMAE\) takes no key'
    ):
        read_with_options(str(CONFIGS / name), options={'num_classes': 7})
