"""The tools that look into several models: feature diversity, activation maps, selectivity."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from mmcnx2.checkpoints import convert_state_dict
from tests.support.in_process import refusal, run
from tests.support.pictures import photograph
from tests.support.states import make_state
from tests.support.toy import ARCH

DIVERSITY = 'analysis_tools/feature_diversity.py'
MAPS = 'analysis_tools/activation_maps.py'
SELECTIVITY = 'analysis_tools/class_selectivity.py'


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    """Two models of different dialects, and two pictures of each of three classes."""
    root = tmp_path_factory.mktemp('inside')
    v2 = convert_state_dict(make_state('decoder'), to='official_sparse')
    torch.save(dict(model=v2), root / 'v2.pth')
    v1 = make_state('norm', 'head', use_grn=False, layer_scale_init_value=1e-6)
    torch.save(dict(model=convert_state_dict(v1, to='official')), root / 'v1.pth')
    (root / 'config.py').write_text(
        f"model = dict(backbone=dict(type='mmcnx2.ConvNeXtV2', arch={ARCH!r}))\n"
        "custom_imports = dict(imports=['mmcnx2'])\n"
    )
    for i in range(6):
        folder = root / 'val' / 'abc'[i % 3]
        folder.mkdir(parents=True, exist_ok=True)
        photograph(70, 90, seed=i).save(folder / f'{i}.png')
    return root


@pytest.fixture
def root(models, monkeypatch):
    """The same, as the current folder."""
    monkeypatch.chdir(models)
    return models


MODELS = ('--model', 'V2', 'config.py', 'v2.pth', '--model', 'V1', 'v1.pth', '--size', '64')


def test_diversity_of_two_models_as_picture_and_numbers(root):
    said = run(DIVERSITY, 'val', *MODELS, '--num-images', '4')
    assert 'V2 (V2, after GRN)' in said and 'V1 (V1, after GELU)' in said
    assert Image.open(root / 'feature_diversity.png').width > 1000
    report = json.loads((root / 'feature_diversity.json').read_text())
    assert (report['size'], report['shorter_side'], report['mask']) == (64, 73, None)
    assert len(report['images']) == 4
    assert {path.split('/')[1] for path in report['images']} == set('abc')
    for name, kind in (('V2', 'V2, after GRN'), ('V1', 'V1, after GELU')):
        model = report['models'][name]
        assert model['features'] == kind and model['images'] == 4
        assert [len(stage) for stage in model['distances']] == list(ARCH['depths'])
        assert all(0 < value < 0.5 for stage in model['distances'] for value in stage)
    assert report['models']['V2']['distances'] != report['models']['V1']['distances']


def test_activation_maps_of_two_models(root):
    out = ('--stage', '2', '--block', '1', '--out', 'maps.png')
    assert 'Wrote maps.png' in run(MAPS, 'val/a/0.png', *MODELS, *out)
    pixels = np.asarray(Image.open(root / 'maps.png').convert('RGB'))
    assert pixels.shape[1] > 1000 and pixels.std() > 10


def test_selectivity_of_two_models_as_picture_and_numbers(root):
    assert 'Wrote class_selectivity.png' in run(SELECTIVITY, 'val', *MODELS)
    assert Image.open(root / 'class_selectivity.png').width > 1000
    report = json.loads((root / 'class_selectivity.json').read_text())
    assert report['classes'] == ['a', 'b', 'c'] and report['images'] == 6
    for model in report['models'].values():
        assert [len(stage) for stage in model['blocks']] == list(ARCH['depths'])
        for block in (block for stage in model['blocks'] for block in stage):
            low, middle, high = block['quartiles']
            assert 0 <= low <= middle <= high <= 1


def test_what_is_missing_or_wrong_is_one_sentence(root):
    v1, image = ('--model', 'V1', 'v1.pth'), 'val/a/0.png'
    assert "'none' does not exist" in refusal(DIVERSITY, 'none', *v1)
    assert "'no.pth' does not exist" in refusal(DIVERSITY, 'val', '--model', 'a', 'no.pth')
    assert 'which is not atto' in refusal(DIVERSITY, 'val', '--model', 'V1', 'atto', 'v1.pth')
    assert 'stride of V1' in refusal(DIVERSITY, 'val', *v1, '--size', '80')
    assert 'read and written at once' in refusal(MAPS, image, *v1, '--out', image)
    assert 'has no block 9' in refusal(MAPS, image, *v1, '--block', '9', '--size', '64')
    assert 'cannot be read as an image' in refusal(MAPS, 'config.py', *v1)
    assert "is in no class: 'val/a' must hold" in refusal(SELECTIVITY, 'val/a', *v1)


def test_pictures_and_reports_of_before_are_kept(root):
    for name in ('again.png', 'again.json'):
        (root / name).write_text('mine')
    run(SELECTIVITY, 'val', *MODELS, '--out', 'again.png')
    for name in ('again.old-1.png', 'again.old-1.json'):
        assert (root / name).read_text() == 'mine'
