"""What the tools make of a command line before they run anything."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import VISBACKENDS

from mmcnx2.engine.launch import (
    LOG_BACKENDS,
    check_checkpoint,
    check_hooks,
    check_inputs,
    check_restarts,
    keep_config,
    log_to,
    read_config,
)
from tests.support.command_line import ROOT
from tests.support.file_server import served
from tests.support.in_process import refusal
from tests.support.unprivileged import unprivileged

SCENES = """
data_root = 'data'
train_dataloader = dict(
    num_workers=2, persistent_workers=True, dataset=dict(data_root=data_root + '/coco')
)
val_dataloader = dict(num_workers=2, dataset=dict(data_root=data_root, pipeline=[dict(type='A')]))
test_dataloader = val_dataloader
val_evaluator = [dict(ann_file=data_root + '/coco/val.json', other='database/x')]
note = 'data/stays'
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'scenes.py'
    path.write_text(SCENES)
    return str(path)


@pytest.mark.parametrize('new', ['/mnt/pictures', 'data/below/the/old/one', 'data', '/mnt/p/'])
def test_data_root_moves_every_data_set_once_and_nothing_else(config, new):
    cfg = read_config(config, options=dict(data_root=new))
    new = new.rstrip('/')
    assert cfg.data_root == new or cfg.data_root == new + '/'
    assert cfg.train_dataloader.dataset.data_root == f'{new}/coco'
    assert cfg.val_dataloader.dataset.data_root == new
    assert cfg.test_dataloader.dataset.data_root == new
    assert cfg.val_evaluator[0] == dict(ann_file=f'{new}/coco/val.json', other='database/x')
    assert cfg.note == 'data/stays'


def test_a_data_root_of_one_data_set_wins(config):
    options = {'data_root': 'new', 'train_dataloader.dataset.data_root': 'own'}
    cfg = read_config(config, options=options)
    assert cfg.train_dataloader.dataset.data_root == 'own'
    assert cfg.val_dataloader.dataset.data_root == 'new'


@pytest.mark.parametrize('name', ['data_root', 'work_dir'])
@pytest.mark.parametrize('empty', ['', ' '])
def test_an_empty_path_is_refused(config, name, empty):
    """As an unset variable gives; it once stood for the whole file system."""
    with pytest.raises(ValueError, match=f'{name} is empty, but a path is expected'):
        read_config(config, options={name: empty})


def test_an_empty_work_dir_is_not_the_default_one(config):
    with pytest.raises(ValueError, match='work_dir is empty'):
        read_config(config, work_dir='')


def test_an_empty_path_of_one_data_set_is_refused(config):
    cfg = read_config(config, options={'train_dataloader.dataset.data_root': ''})
    sentence = r'^train_dataloader\.dataset\.data_root is empty, but a path is expected: .*set\?$'
    with pytest.raises(ValueError, match=sentence):
        check_inputs(cfg, ('train_dataloader',))


def test_a_tilde_is_the_home_folder_wherever_it_stands(config, monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    options = {'data_root': '~/data', 'load_from': '~/w.pth', 'work_dir': '~/run'}
    options['tta_pipeline'] = ['~/a']
    cfg = read_config('~/scenes.py', options=options)
    assert cfg.data_root == cfg.val_dataloader.dataset.data_root == f'{tmp_path}/data'
    assert cfg.val_evaluator[0].ann_file == f'{tmp_path}/data/coco/val.json'
    assert (cfg.load_from, cfg.work_dir) == (f'{tmp_path}/w.pth', f'{tmp_path}/run')
    assert cfg.tta_pipeline == [f'{tmp_path}/a'] and cfg.note == 'data/stays'
    assert read_config('~/scenes.py', work_dir='~/x').work_dir == f'{tmp_path}/x'
    (tmp_path / 'w.pth').touch()
    check_checkpoint('~/w.pth')


def test_without_workers_they_do_not_persist(config):
    cfg = read_config(config, options={'train_dataloader.num_workers': 0})
    assert cfg.train_dataloader.persistent_workers is False


def test_work_dir_is_named_after_the_config_unless_given(config):
    assert read_config(config).work_dir == 'work_dirs/scenes'
    assert read_config(config, work_dir='elsewhere').work_dir == 'elsewhere'


def test_a_config_in_the_work_folder_is_replaced_by_no_copy(tmp_path):
    (tmp_path / 'mine.py').write_text('# why 3: see my notes\nmodel = dict(a=3)\n')
    (tmp_path / 'link').symlink_to(tmp_path)
    names = {}
    for work_dir in (tmp_path, tmp_path / 'link', tmp_path / 'elsewhere'):
        cfg = Config.fromfile(tmp_path / 'mine.py')
        cfg.work_dir = str(work_dir)
        keep_config(cfg)
        names[work_dir.name] = Path(cfg.filename).name
    assert names == {tmp_path.name: 'mine_run.py', 'link': 'mine_run.py', 'elsewhere': 'mine.py'}


def test_a_missing_config_is_refused():
    with pytest.raises(FileNotFoundError, match=r"config 'no/where\.py' does not exist: give"):
        read_config('no/where.py')


def test_a_missing_data_folder_is_refused_with_the_option_that_mends_it(config, tmp_path):
    cfg = read_config(config, options=dict(data_root=f'{tmp_path}/none'))
    with pytest.raises(FileNotFoundError, match=r"none/coco' of train_dataloader.*data_root=PATH"):
        check_inputs(cfg, ('train_dataloader',))


def test_a_folder_that_cannot_be_listed_is_refused():
    with unprivileged() as folder:
        (folder / 'closed').mkdir(mode=0o000)
        cfg = Config(dict(train_dataloader=dict(dataset=dict(data_root=f'{folder}/closed'))))
        sentence = r"closed' of train_dataloader cannot be listed \(Permission denied\): allow it"
        with pytest.raises(OSError, match=sentence):
            check_inputs(cfg, ('train_dataloader',))


def test_weights_that_cannot_be_read_are_refused():
    with unprivileged() as folder:
        (folder / 'w.pth').touch(mode=0o000)
        with pytest.raises(OSError, match=r"w.pth' cannot be read \(Permission denied\): allow it"):
            check_checkpoint(f'{folder}/w.pth')


def test_shards_that_are_not_there_are_refused(tmp_path):
    with served(tmp_path) as address:
        for root in (str(tmp_path), address):
            dataset = dict(type='mmcnx2.ImageShards', data_root=root)
            cfg = Config(dict(train_dataloader=dict(dataset=dataset)))
            with pytest.raises(FileNotFoundError, match=f"'{root}/index.json' cannot be read"):
                check_inputs(cfg, ('train_dataloader',))


def test_remote_data_and_weights_are_not_looked_for():
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=dict(data_root='s3://bucket/images')),
            model=dict(backbone=dict(init_cfg=dict(checkpoint='https://host/weights.pth'))),
        )
    )
    check_inputs(cfg, ('train_dataloader', 'val_dataloader'))


def test_missing_initial_weights_are_refused():
    cfg = Config(dict(model=dict(backbone=dict(init_cfg=[dict(checkpoint='none.pth')]))))
    with pytest.raises(FileNotFoundError, match=r"checkpoint 'none\.pth' does not exist"):
        check_inputs(cfg, ())


def test_runs_log_to_tensorboard_beside_their_files():
    cfg = Config(dict(visualizer=dict(vis_backends=[dict(type='LocalVisBackend')])))
    log_to(cfg, ['tensorboard'])
    kinds = [backend['type'] for backend in cfg.visualizer.vis_backends]
    assert kinds == ['LocalVisBackend', 'TensorboardVisBackend']
    for _, backend in LOG_BACKENDS.values():
        assert VISBACKENDS.get(backend), f'mmengine has no {backend}'


def test_a_log_whose_package_is_missing_is_refused(monkeypatch):
    monkeypatch.setitem(LOG_BACKENDS, 'wandb', ('no_such_package', 'WandbVisBackend'))
    with pytest.raises(ValueError, match='logging to wandb needs its package: pip install no_such'):
        log_to(Config(dict(visualizer=dict(vis_backends=[]))), ['wandb'])


@pytest.mark.parametrize(
    ('hooks', 'sentence'),
    [
        (
            dict(default_hooks=dict(a=dict(type='mmcnx2.PreemptionHook', signals=['SIGSEGV']))),
            "default_hooks.a: signals=.'SIGSEGV'., but 'SIGSEGV' tells no process to go: use",
        ),
        (
            dict(custom_hooks=[None, dict(type='mmcnx2.WatchdogHook', seconds=-1, priority=1)]),
            'custom_hooks.1: seconds=-1, but more than 0 and at most',
        ),
        (
            dict(custom_hooks=[dict(type='mmcnx2.FiniteLossHook', patients=3)]),
            "custom_hooks.0: .*unexpected keyword argument 'patients'",
        ),
    ],
)
def test_what_a_hook_refuses_is_refused_with_its_key(hooks, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_hooks(Config(hooks))


def test_hooks_of_others_and_hooks_that_are_off_are_left_alone():
    check_hooks(Config(dict(default_hooks=dict(a=dict(type='NoSuchHook'), b=None))))
    check_hooks(Config(dict()))


def test_a_signal_that_tells_nobody_to_go_is_refused_before_anything_is_built():
    config = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
    option = 'default_hooks.preemption.signals=[SIGSEGV]'
    assert refusal('train.py', config, '--cfg-options', option).startswith(
        "error: default_hooks.preemption: signals=['SIGSEGV'], but 'SIGSEGV' tells no process"
    )


@pytest.mark.parametrize(
    ('resume', 'begins'), [(None, 'begin anew'), ('a.pth', "go back to 'a.pth'")]
)
def test_a_run_that_torchrun_restarts_must_go_on_by_itself(resume, begins, monkeypatch):
    check_restarts(resume)
    monkeypatch.setenv('TORCHELASTIC_MAX_RESTARTS', '0')
    check_restarts(resume)
    monkeypatch.setenv('TORCHELASTIC_MAX_RESTARTS', '3')
    check_restarts('auto')
    with pytest.raises(ValueError, match=f'3 times .* would {begins}: add --resume without'):
        check_restarts(resume)


@pytest.mark.parametrize('shared', ['True', 'False'])
def test_restarts_that_meet_in_torchruns_own_store_are_warned_of(shared, monkeypatch, capsys):
    monkeypatch.setenv('TORCHELASTIC_MAX_RESTARTS', '3')
    monkeypatch.setenv('TORCHELASTIC_USE_AGENT_STORE', shared)
    check_restarts('auto')
    said = capsys.readouterr()
    assert ('several restarts' in said.out + said.err) == (shared == 'True')
