"""A config that cannot be built ends in one line with its key, whatever was given."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.engine import training
from mmcnx2.engine.launch import check_hooks, check_inputs, read_config
from tests.support import configs
from tests.support.pictures import photograph
from tests.support.toy_config import shorten, shrink

NAMES = dict(
    pretraining='fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py',
    classifier='convnext_v2/convnextv2-atto_fcmae-pre_1xb64-50e_folder.py',
)
RUN_PARTS = (
    'model train_dataloader optim_wrapper param_scheduler train_cfg default_hooks env_cfg '
    'randomness visualizer auto_scale_lr'
).split()


@pytest.fixture(scope='module')
def toys(tmp_path_factory) -> dict[str, Path]:
    """Two configs of the project at toy size, with data, as files."""
    root = tmp_path_factory.mktemp('toys')
    for part in ('train', 'val'):
        for name in 'ab':
            (root / part / name).mkdir(parents=True)
            photograph(64, 64).save(root / part / name / '1.png')
    found = {}
    for kind, name in NAMES.items():
        cfg = shorten(shrink(configs.read_config(name)))
        cfg.model.backbone.pop('init_cfg', None)
        cfg.data_root = str(root)
        for loader in (cfg.train_dataloader, cfg.get('val_dataloader')):
            if loader:
                loader.dataset.data_root = str(root)
        if kind == 'classifier':
            cfg.model.num_classes = 2
        cfg.work_dir = str(root / kind)
        found[kind] = root / f'{kind}.py'
        cfg.dump(found[kind])
    return found


@pytest.fixture(autouse=True)
def _no_steps(monkeypatch):
    """Everything is built and nothing is trained, nor does the log tell of the machine."""
    monkeypatch.setattr(EpochBasedTrainLoop, 'run', lambda self: self.runner.model)
    monkeypatch.setattr(Runner, '_log_env', lambda self, env_cfg: None)


def start(config: Path, options: Mapping, *, debug: bool = False) -> str | None:
    """Do what tools/train.py does, up to the first step; return the line that it ends with."""
    try:
        cfg = read_config(str(config), options=options)
        check_hooks(cfg)
        check_inputs(cfg, ('train_dataloader', 'val_dataloader'))
    except (OSError, ValueError) as error:
        return f'error: {error}'
    amp_off_without_gpu(cfg)
    try:
        training.train(cfg, look=False, given=options, debug=debug)
    except SystemExit as end:
        return end.code
    return None


@pytest.mark.parametrize(
    ('kind', 'key', 'value', 'sentence'),
    [
        ('pretraining', 'model.neck.depth', 1e9, r'=1000000000\.0, but int is expected'),
        ('pretraining', 'model.neck.depth', 'x', "='x', but int is expected"),
        ('pretraining', 'model.masking.ratio', 7, '=7'),
        ('pretraining', 'model.backbone.arch', 'atoo', '=.*atto'),
        ('pretraining', 'model.neck.type', 'NoDecoder', "='NoDecoder', but no model has this name"),
        ('classifier', 'model.head.num_classes', -3, '=-3 must be a positive'),
        ('classifier', 'model.head.loss.label_smooth_val', 'x', "='x': "),
        ('pretraining', 'optim_wrapper.optimizer.amsgrad', [1], None),
        (
            'pretraining',
            'optim_wrapper.optimizer.type',
            'Adamw',
            "='Adamw', but no optimizer .* did you mean 'AdamW'",
        ),
        ('pretraining', 'train_dataloader.sampler.type', 'X', "='X', but no data sampler"),
        ('pretraining', 'train_dataloader.prefetch_factor', 3, '=3: prefetch_factor option could'),
        ('pretraining', 'train_dataloader.dataset.pipeline.1.scale', -5, '=-5'),
        ('pretraining', 'param_scheduler.0.type', 'X', "='X', but no parameter scheduler"),
        ('pretraining', 'default_hooks.logger.interval_exp_name', 'x', None),
        ('pretraining', 'default_hooks.checkpoint.nonsense', 1, None),
    ],
)
def test_a_part_that_cannot_be_built_is_named_by_key(toys, kind, key, value, sentence):
    line = start(toys[kind], {key: value})
    if sentence is None:
        assert line is None or line.startswith(f'error: {key.rpartition(".")[0]}')
        return
    assert re.match(re.escape(f'error: {key}') + sentence, line), line


def test_the_traceback_is_in_a_file_of_the_work_folder(toys):
    line = start(toys['pretraining'], {'model.neck.depth': 'x'})
    file = toys['pretraining'].with_suffix('') / 'traceback.txt'
    assert line.endswith(f' ({file} and --debug show where).') and '\n' not in line
    assert 'build_from_cfg' in file.read_text() and 'TypeError' in file.read_text()


def test_so_it_is_shown_if_asked_for(toys):
    with pytest.raises(TypeError, match='int is expected'):
        start(toys['pretraining'], {'model.neck.depth': 'x'}, debug=True)


def test_an_error_of_the_run_itself_keeps_its_traceback(toys, monkeypatch):
    def fail(self):
        raise ValueError('of a step')

    monkeypatch.setattr(EpochBasedTrainLoop, 'run', fail)
    with pytest.raises(ValueError, match='^of a step$'):
        start(toys['pretraining'], {})


@pytest.mark.parametrize('kind', NAMES)
def test_a_config_as_it_is_is_built(toys, kind):
    assert start(toys[kind], {}) is None


def leaves(node, path: str) -> Iterator[str]:
    """Yield the dotted keys of a config's parts and values."""
    yield path
    if isinstance(node, Mapping | list):
        for name, value in node.items() if isinstance(node, Mapping) else enumerate(node):
            yield from leaves(value, f'{path}.{name}')


KEYS = {
    kind: [
        key
        for part in RUN_PARTS
        for key in leaves(shrink(configs.read_config(name))[part], part)
        if 'init_cfg' not in key
    ]
    for kind, name in NAMES.items()
}
SLIPS = st.sampled_from(['', 'x', '.x'])
VALUES = st.sampled_from(
    [0, -1, -5, 1.5, 1e30, math.nan, math.inf, 'x', '', [], [1], ['x'], None, True, 7]
)


@pytest.mark.parametrize('kind', NAMES)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_is_given_ends_in_one_line_or_is_built(toys, kind, data):
    key = data.draw(st.sampled_from(KEYS[kind])) + data.draw(SLIPS)
    line = start(toys[kind], {key: data.draw(VALUES)})
    if line is not None:
        part = key.split('.')[0]
        assert line.startswith(f'error: {part}') or part in line, line
        assert '\n' not in line and len(line) < 1200, line
