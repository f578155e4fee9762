"""compare: arms that differ in their weights alone, each part done once, and what may be said."""

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from demo.scenes import SceneSettings, build
from mmengine.config import Config

import mmcnx2
from mmcnx2.analysis import probing
from mmcnx2.apis import comparing
from mmcnx2.apis.arms import name_arms
from mmcnx2.apis.comparing import Comparison
from mmcnx2.apis.training_options import TrainingOptions
from mmcnx2.cli import main
from tests.support.toy import make_net

LABELS = ['50%', '100%']


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=2, train=20, val=10), workers=1, progress=False)
    return root


@pytest.fixture
def pre(tmp_path) -> Path:
    """Weights of a toy, as if it had been pre-trained."""
    path = tmp_path / 'pre.pth'
    state = make_net().float().state_dict()
    torch.save({'state_dict': {f'backbone.{name}': each for name, each in state.items()}}, path)
    return path


@pytest.fixture
def compare(scenes, pre, tmp_path, monkeypatch) -> Callable[..., dict]:
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')

    def call(**options) -> dict:
        options = dict(arms=['scratch', pre], labels=LABELS, seeds=2, workers=0) | options
        options = dict(out=tmp_path / 'cmp', task='probe') | options
        return mmcnx2.compare(options.pop('images', scenes / 'imagenet'), **options)

    return call


@pytest.fixture
def done(monkeypatch) -> list[str]:
    """Names of the parts that were trained, which takes no time here: each scores its share."""
    names = []

    def do(runner, part, *, label=''):
        if not runner.is_done(part):
            names.append(part.name)
            folder = runner.folder.parent / 'runs' / part.name / '20260101' / 'vis_data'
            folder.mkdir(parents=True)
            (folder / 'scalars.json').write_text('{"accuracy/top1": 50.0, "step": 1}\n')
            comparing.claim_folder(runner.folder / part.name, 'part')
            runner.adopt(part)

    monkeypatch.setattr(comparing.PartRunner, 'do', do)
    return names


def config(out: Path, name: str) -> dict:
    return Config.fromfile(out / 'runs' / name / 'config.py').to_dict()


def test_a_probe_of_every_arm_share_and_seed(compare, tmp_path, capsys, monkeypatch):
    found = compare(seeds=1)
    assert list(found) == [(arm, share, 0) for share in (0.5, 1.0) for arm in ('scratch', 'pre')]
    assert all(0 <= score <= 100 for score in found.values())
    said = capsys.readouterr().out
    assert '[4/4] pre, 100 % of the labels, seed 0' in said
    page = (tmp_path / 'cmp/comparison.md').read_text()
    (sentence,) = re.findall(r'\*\*(At 50 % of the labels, pre .*)\*\*', page)
    assert sentence in said and '- 50 % of the labels: 10 images' in page
    # Again: nothing is computed anew.
    monkeypatch.setattr(probing, 'probe_encoder', None)
    assert compare(seeds=1) == found
    assert capsys.readouterr().out.count('(done before)') == 4


def test_arms_differ_in_nothing_but_the_weights(compare, tmp_path, pre, done):
    compare(task='finetune', seeds=1)
    for share in (50, 100):
        one, other = (
            config(tmp_path / 'cmp', f'{arm}-{share}pct-seed0') for arm in ('scratch', 'pre')
        )
        init = other['model']['backbone'].pop('init_cfg')
        assert init['checkpoint'] == str(pre)
        assert 'init_cfg' not in one['model']['backbone']
        lists = [Path(c['train_dataloader']['dataset'].pop('ann_file')) for c in (one, other)]
        assert lists[0].read_text() == lists[1].read_text()
        assert len(lists[0].read_text().splitlines()) == 20 * share // 100
        for each in (one, other):
            del each['work_dir'], each['experiment_name']
        assert one == other


def test_what_is_done_is_not_done_again(compare, done):
    compare(task='finetune', seeds=1)
    assert len(done) == 4
    compare(task='finetune', seeds=2)
    assert len(done) == 8 and all('seed1' in name for name in done[4:])
    compare(task='finetune', seeds=1, labels=['10%', '50%'])
    assert len(done) == 10 and all('10pct' in name for name in done[8:])


def test_a_part_is_trained_and_scored_by_its_tool(scenes, pre, tmp_path, monkeypatch, capsys):
    """One real training, on half of the labels."""
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    options = TrainingOptions(out=tmp_path / 'cmp', epochs=1, batch_size=5, workers=0)
    images = str(scenes / 'imagenet')
    comparison = Comparison(images, 'finetune', [0.5], seeds=1, val=None, options=options)
    _, trial = comparison.plan(comparison.find_arms(['scratch', str(pre)]))
    score = comparison.score(trial)
    assert score in [10.0 * right for right in range(11)], 'of 10 images'
    assert trial.run.has_checkpoint and comparison.runner.is_done(trial.part)
    assert trial.run.arguments['labels'] == 0.5 and trial.run.arguments['training_images'] == 10
    assert 'pre: Trained 2 steps in ' in capsys.readouterr().out


def test_a_part_that_fails_leaves_the_others(compare, done, monkeypatch, tmp_path, capsys):
    whole = comparing.PartRunner.do

    def do(runner, part, **options):
        if part.name.startswith('pre-50pct'):
            raise RuntimeError('no memory')
        return whole(runner, part, **options)

    monkeypatch.setattr(comparing.PartRunner, 'do', do)
    with pytest.raises(SystemExit, match='1 of 4 parts failed: pre, 50 % of the labels, seed 0'):
        compare(task='finetune', seeds=1)
    assert len(done) == 3
    assert 'It failed; the others go on: no memory' in capsys.readouterr().out
    assert 'So far 3 of 4 are scored' in (tmp_path / 'cmp/comparison.md').read_text()


def test_the_page_has_the_command_that_goes_on(compare, done, pre, tmp_path):
    compare(task='finetune', seeds=1, epochs=3, set={'model.head.loss.label_smooth_val': 0.2})
    (line,) = re.findall('^mmcnx2 compare .*$', (tmp_path / 'cmp/comparison.md').read_text(), re.M)
    again = shlex.split(line)[1:]
    main(again)
    assert len(done) == 4, 'nothing is left to do'


def test_weights_that_have_changed_are_refused(compare, pre, tmp_path):
    weights = tmp_path / 'mine.pth'
    shutil.copy(pre, weights)
    compare(arms=['scratch', weights], labels=['100%'], seeds=1)
    weights.write_bytes(b'another')
    with pytest.raises(ValueError, match='arms has mine, whose weights .* are not there as they'):
        compare(arms=['scratch', weights], labels=['100%'], seeds=1)


def test_another_task_is_another_comparison(compare, done):
    compare(labels=['100%'], seeds=1)
    with pytest.raises(ValueError, match='task is finetune, but .* holds a comparison by probe'):
        compare(task='finetune')


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (dict(arms=['scratch']), 'arms is scratch alone: give two'),
        (dict(arms=['scratch', './scratch']), 'arms has one of .* twice'),
        (dict(arms=['scratch', 'nowhere']), 'nowhere'),
        (dict(labels=['0%']), "labels is '0%', but a share such as 10% or 0.1"),
        (dict(labels=['101%']), "labels is '101%', but a share"),
        (dict(labels=[10]), "labels is '10', but a share"),
        (dict(epochs=3), 'epochs is 3, but a probe trains no network'),
        (dict(model='atto'), 'model is atto, but the weights are of'),
        (dict(task='guess'), 'task'),
        (dict(images='nowhere'), "'nowhere' does not exist"),
    ],
    ids=str,
)
def test_what_cannot_be_compared_is_refused_and_nothing_begins(options, said, compare, tmp_path):
    with pytest.raises((OSError, ValueError), match=said):
        compare(**options)
    assert not (tmp_path / 'cmp').exists()


def test_arms_go_by_the_name_of_their_folder_or_file():
    words = ['scratch', 'runs/pre/', 'a/epoch_9.pth', 'fcmae_convnextv2-atto', 'b/pre']
    assert list(name_arms(words)) == [
        'scratch', 'runs-pre', 'epoch_9', 'fcmae_convnextv2-atto', 'b-pre',
    ]  # fmt: skip
