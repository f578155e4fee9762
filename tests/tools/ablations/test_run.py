"""The runs of ablations: which they are, what starts from what, and what is shared."""

import pytest
import torch
from ablations.run import CONFIGS, AblationRun, Scale, ScenesScale, count_parameters
from ablations.tables import ABLATIONS
from mmengine.config import Config

from mmcnx2.engine.jobs.parts import PartRunner
from mmcnx2.engine.jobs.training import Training
from mmcnx2.engine.launch import read_config


@pytest.fixture
def real(tmp_path) -> AblationRun:
    return AblationRun(Scale(range(1)), PartRunner(tmp_path))


def test_rows_share_runs(real):
    rows = [row for key in ('2d', '2e', 'sparse', '3') for row in ABLATIONS[key].rows]
    jobs = real.jobs(rows)
    names = [part.name for job in jobs for part in job]
    assert len(names) == len(set(names)) == 8 + 10
    assert [job[0].name.startswith('fcmae_') for job in jobs] == [True] * 8 + [False] * 2
    for job in jobs:
        before = job[0].name
        assert all(f'_after_{before}_seed' in part.name for part in job[1:])


def test_real_runs_are_the_configs_in_the_folders_that_the_configs_expect(real):
    for row in {row: None for key in ('2d', '2f', '3', 'sparse') for row in ABLATIONS[key].rows}:
        part = real.finetuning(row, 0)
        assert part.config == CONFIGS / f'{row.finetuning}.py'
        if row.pretraining is None:
            assert not any('init_cfg' in word for word in part.options)
            continue
        before = real.pretraining(row.pretraining)
        option = next(word for word in part.options if 'init_cfg' in word)
        checkpoint = option.removeprefix('model.backbone.init_cfg.checkpoint=')
        assert checkpoint == str(real.runner.folder / before.name / 'epoch_800.pth')
        expected = Config.fromfile(part.config).model.backbone.init_cfg.checkpoint
        if 'dense-encoder' not in row.pretraining:  # whose encoder V1's config fine-tunes
            assert checkpoint.endswith(expected.removeprefix('work_dirs/')), row.name


def test_small_rows_have_a_pre_training_of_each_seed(tmp_path):
    scale = ScenesScale(range(2), pretraining_epochs=3, finetuning_epochs=2)
    run = AblationRun(scale, PartRunner(tmp_path))
    jobs = run.jobs(ABLATIONS['sparse'].rows[1:])
    assert [[part.name for part in job] for job in jobs] == [
        ['fcmae_convnext-base', 'convnext-base_fcmae-800e-pre_after_fcmae_convnext-base_seed0'],
        [
            'fcmae_convnext-base_seed1',
            'convnext-base_fcmae-800e-pre_after_fcmae_convnext-base_seed1',
        ],
    ]
    for seed, (before, after) in enumerate(jobs):
        assert f'randomness.seed={seed}' in before.options
        assert any(f'/{before.name}/epoch_3.pth' in word for word in after.options)


def test_another_pre_training_or_other_data_have_fine_tuning_done_again(real):
    row = ABLATIONS['2d'].rows[1]
    changed = AblationRun(real.scale, real.runner, data='other')
    assert real.finetuning(row, 0).key != changed.finetuning(row, 0).key
    assert real.pretraining(row.pretraining).key in real.finetuning(row, 0).key


def test_parameters_are_table_2es(real):
    found = {
        row.name: count_parameters(Config.fromfile(real.finetuning(row, 0).config)) // 10**6
        for row in ABLATIONS['2e'].rows
    }
    assert found == {'baseline (V1)': 88, 'SE': 109, 'CBAM': 109, 'GRN': 88}  # 88.6, printed as 89M


# What lies where the runs go ----------------------------------------------------------------------

RATE = 'optim_wrapper.optimizer.lr'


@pytest.fixture
def part(real) -> Training:
    """A pre-training at the paper's scale, whose folder tools/train.py has by default."""
    return real.pretraining('ablations/fcmae_convnextv2-base-lrn_64xb64-amp-coslr-800e_in1k')


@pytest.fixture
def trained(real, part):
    """``trained(**options)`` leaves what tools/train.py would: a finished pre-training."""

    def train(*, epoch: int = 800, **options) -> None:
        cfg = read_config(part.config, options={'randomness.seed': 5, **options})
        folder = real.runner.folder / part.name
        folder.mkdir()
        torch.save(dict(meta=dict(cfg=cfg.pretty_text)), folder / f'epoch_{epoch}.pth')

    return train


def test_a_finished_training_of_the_same_settings_is_used(real, part, trained):
    trained(**{'train_dataloader.num_workers': 16, 'work_dir': 'elsewhere'})
    real.prepare([[part]])
    assert real.runner.is_done(part)
    assert real.runner.seconds(part) is None
    assert (real.runner.folder / part.name / 'epoch_800.pth').is_file()


@pytest.mark.parametrize(
    ('options', 'reason'),
    [
        ({'epoch': 799}, 'has no epoch_800.pth'),
        ({RATE: 1e-3}, f'was trained with other values of {RATE}, so it is left'),
        ({'model.masking.ratio': 0.5}, 'was trained with other values of model.masking.ratio'),
    ],
    ids=['unfinished', 'another rate', 'another mask'],
)
def test_any_other_training_is_left_and_the_ablation_refused(real, part, trained, options, reason):
    trained(**options)
    (checkpoint,) = (real.runner.folder / part.name).iterdir()
    with pytest.raises(FileExistsError, match=f'was not made here and {reason}'):
        real.prepare([[part]])
    assert list(checkpoint.parent.iterdir()) == [checkpoint]


def test_so_is_a_checkpoint_that_does_not_say_how_it_was_trained(real, part):
    folder = real.runner.folder / part.name
    folder.mkdir()
    for content, reason in (
        (dict(meta={}), 'does not say'),
        (dict(meta=dict(cfg="lr = __import__('os').getpid()")), 'does not say'),
    ):
        torch.save(content, folder / 'epoch_800.pth')
        with pytest.raises(FileExistsError, match=reason):
            real.prepare([[part]])


def test_a_run_made_here_is_gone_on_with_or_kept_beside_the_new_one(real, part, monkeypatch):
    from mmcnx2.engine.jobs import parts

    def train(command, **_) -> None:
        (real.runner.folder / part.name / 'epoch_1.pth').touch()
        raise RuntimeError('stopped')

    monkeypatch.setattr(parts, 'run_tool', train)
    slower = AblationRun(Scale(range(1), [f'{RATE}=1e-5']), real.runner)
    for run, kept in ((real, []), (real, []), (slower, ['epoch_1.pth'])):
        chosen = run.pretraining('ablations/fcmae_convnextv2-base-lrn_64xb64-amp-coslr-800e_in1k')
        run.prepare([[chosen]])
        with pytest.raises(RuntimeError, match='stopped'):
            run.runner.do(chosen)
        aside = real.runner.folder.glob(f'{part.name}.old-1/*.pth')
        assert [path.name for path in aside] == kept
