"""The runs of ablations: which they are, what starts from what, and what is shared."""

import pytest
from ablations.run import AblationRun, Scale, count_parameters, read_part
from ablations.tables import ABLATIONS

from mmcnx2.engine.jobs.parts import PartRunner


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
        assert part.command[1].endswith(f'configs/{row.finetuning}.py')
        if row.pretraining is None:
            assert not any('init_cfg' in word for word in part.command)
            continue
        before = real.pretraining(row.pretraining)
        option = next(word for word in part.command if 'init_cfg' in word)
        checkpoint = option.removeprefix('model.backbone.init_cfg.checkpoint=')
        assert checkpoint == str(real.runner.folder / before.name / 'epoch_800.pth')
        expected = read_part(part).model.backbone.init_cfg.checkpoint
        if 'dense-encoder' not in row.pretraining:  # whose encoder V1's config fine-tunes
            assert checkpoint.endswith(expected.removeprefix('work_dirs/')), row.name


def test_another_pre_training_or_other_data_have_fine_tuning_done_again(real):
    row = ABLATIONS['2d'].rows[1]
    changed = AblationRun(real.scale, real.runner, data='other')
    assert real.finetuning(row, 0).key != changed.finetuning(row, 0).key
    assert real.pretraining(row.pretraining).key in real.finetuning(row, 0).key


def test_parameters_are_table_2es(real):
    found = {
        row.name: count_parameters(read_part(real.finetuning(row, 0))) // 10**6
        for row in ABLATIONS['2e'].rows
    }
    assert found == {'baseline (V1)': 88, 'SE': 109, 'CBAM': 109, 'GRN': 88}  # 88.6, printed as 89M
