"""Every config of configs/ablations is a row of a table, and a row differs as its name says."""

import pytest
from ablations.tables import ABLATIONS, V1_PRETRAINING, V2_PRETRAINING
from mmengine.config import Config

from tests.support.configs import CONFIGS, read_config

ROWS = [row for ablation in ABLATIONS.values() for row in ablation.rows]
PAIRS = sorted({(r.pretraining, r.finetuning) for r in ROWS if r.pretraining})
# The rows whose encoder is not the same in pre-training and fine-tuning: Table 2f's.
OTHERS = [pair for pair in PAIRS if '-grn-dropped_' in pair[1] or '-grn-added_' in pair[1]]


def load(name: str) -> Config:
    return read_config(f'{name}.py')


def differences(one: dict, other: dict, path: str = '') -> set[str]:
    """Dotted keys at which two nested dicts differ."""
    found = set()
    for key in one.keys() | other.keys():
        a, b = one.get(key), other.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found |= differences(a, b, f'{path}{key}.')
        elif a != b:
            found.add(f'{path}{key}')
    return found


def test_every_config_is_a_row_and_every_row_has_its_configs():
    used = {name for row in ROWS for name in (row.pretraining, row.finetuning) if name}
    assert all((CONFIGS / f'{name}.py').is_file() for name in used)
    own = {f'ablations/{path.stem}' for path in (CONFIGS / 'ablations').glob('*.py')}
    assert own == {name for name in used if name.startswith('ablations/')}


@pytest.mark.parametrize('name', sorted({pretraining for pretraining, _ in PAIRS}))
def test_pre_trainings_differ_from_their_baseline_in_the_model_alone(name):
    v1 = 'fcmae_convnext-' in name
    found = differences(load(V1_PRETRAINING if v1 else V2_PRETRAINING), load(name))
    found -= {'custom_imports.imports'}  # the rivals', where one is named
    fields = name.split('_')  # algorithm, model, what is changed beside it, training, data
    part = fields[2] if len(fields) == 5 else ''
    if name in (V1_PRETRAINING, V2_PRETRAINING):
        assert not found
    elif '-large_' in name:
        assert found == {'model.backbone.arch'}
    elif part.startswith('mask'):
        assert found == {'model.masking.ratio'}
        assert load(name).model.masking.ratio == int(part.removeprefix('mask')) / 100
    elif part.startswith('decoder-depth'):
        assert found == {'model.neck.depth'}
        assert load(name).model.neck.depth == int(part.removeprefix('decoder-depth'))
    elif part.startswith('decoder-width'):
        assert found == {'model.neck.embed_dims'}
        assert load(name).model.neck.embed_dims == int(part.removeprefix('decoder-width'))
    elif part.startswith('decoder-'):
        assert {key.split('.')[1] for key in found if key.startswith('model.')} <= {'neck', 'type'}
    elif part == 'dense-encoder':
        assert found == {'model.type'}
    else:
        assert found - {'response'} == {'model.backbone.response', 'model.neck.response'}


@pytest.mark.parametrize(('pretraining', 'finetuning'), PAIRS)
def test_fine_tuning_has_the_encoder_that_was_pre_trained(pretraining, finetuning):
    before, after = load(pretraining).model.backbone, load(finetuning).model.backbone
    names = ('arch', 'use_grn', 'layer_scale_init_value', 'response', 'grn_scope')
    different = {name for name in names if before.get(name) != after.get(name)}
    assert different == ({'use_grn'} if (pretraining, finetuning) in OTHERS else set())


def test_table_2f_drops_and_adds():
    assert [load(pair[1]).model.backbone.use_grn for pair in OTHERS] == [True, False]
