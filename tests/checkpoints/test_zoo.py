"""The published models: every official checkpoint once, with a config that runs it."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config

from mmcnx2.analysis.model_complexity import build_without_memory, measure_complexity
from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints.published import list_published
from mmcnx2.checkpoints.zoo import misfits, read_zoo
from mmcnx2.checkpoints.zoo_page import zoo_page
from tests.support.configs import read_config

ROOT = Path(__file__).parents[2]
ZOO = read_zoo(ROOT / 'model-index.yml')
OFFICIAL = 'https://dl.fbaipublicfiles.com/convnext/convnextv2/'

# Top-1 in percent: the paper's Table 14 (224 px) and Table 15 (after ImageNet-22K).
TOP1_1K = {
    'atto': 76.7,
    'femto': 78.5,
    'pico': 80.3,
    'nano': 81.9,
    'tiny': 83.0,
    'base': 84.9,
    'large': 85.8,
    'huge': 86.3,
}
TOP1_22K = {
    'nano': {224: 82.1, 384: 83.4},
    'tiny': {224: 83.9, 384: 85.1},
    'base': {224: 86.8, 384: 87.7},
    'large': {224: 87.3, 384: 88.2},
    'huge': {384: 88.7, 512: 88.9},
}


def load(model) -> Config:
    return read_config(model.config.removeprefix('configs/'))


every_model = pytest.mark.parametrize('model', ZOO, ids=lambda model: model.name)


def arch_of(model) -> str:
    return re.search(r'convnextv2-(\w+?)_', model.name)[1]


def named(name: str):
    (model,) = (model for model in ZOO if model.name == name)
    return model


def test_every_official_checkpoint_is_listed_once():
    expected = {f'pt_only/convnextv2_{arch}_1k_224_fcmae.pt': None for arch in ARCHS}
    expected |= {f'im1k/convnextv2_{a}_1k_224_ema.pt': top1 for a, top1 in TOP1_1K.items()}
    expected |= {
        f'im22k/convnextv2_{arch}_22k_{size}_ema.pt': top1
        for arch, sizes in TOP1_22K.items()
        for size, top1 in sizes.items()
    }
    assert len(ZOO) == len(expected) == 26
    assert {model.weights.removeprefix(OFFICIAL): model.top1 for model in ZOO} == expected
    assert len({model.name for model in ZOO}) == 26
    assert {model.license for model in ZOO} == {'CC-BY-NC'}


@every_model
def test_its_config_is_there_and_of_its_size_and_resolution(model):
    assert (ROOT / model.config).is_file(), model.config
    cfg = load(model)
    assert cfg.model.backbone.arch == arch_of(model)
    pipeline = (cfg.get('test_dataloader') or cfg.train_dataloader).dataset.pipeline
    sizes = [t.get('crop_size', t.get('scale')) for t in pipeline]
    sizes = [size[0] if isinstance(size, tuple | list) else size for size in sizes if size]
    assert sizes[-1] == model.resolution


@every_model
def test_parameters_are_the_models(model):
    empty = build_without_memory(load(model))
    parts = [empty.backbone, empty.head] if model.top1 else [empty.backbone]
    counted = sum(p.numel() for part in parts for p in part.parameters())
    assert counted == model.parameters


@every_model
def test_flops_are_the_multiply_adds(model):
    arch = arch_of(model)
    classifier = model if model.top1 else named(f'convnextv2-{arch}_fcmae-pre_3rdparty_in1k')
    cfg = load(classifier)
    counts = measure_complexity(cfg, model.resolution, model.resolution).multiply_adds
    assert counts['backbone'] + (counts['head'] if model.top1 else 0) == model.flops


def test_the_page_is_made_from_the_metafiles():
    assert (ROOT / 'docs/model_zoo.md').read_text() == zoo_page(list_published()), (
        'docs/model_zoo.md is out of date: run tools/model_converters/make_model_zoo.py'
    )


def test_openmmlabs_tools_read_the_index():
    modelindex = pytest.importorskip('modelindex.load_model_index')
    index = modelindex.load(str(ROOT / 'model-index.yml'))
    index.build_models_with_collections()
    assert {model.name for model in index.models} == {model.name for model in ZOO}


def test_an_entry_that_lacks_a_key_is_refused(tmp_path):
    (tmp_path / 'metafile.yml').write_text('Models:\n  - Name: half\n    Results: null\n')
    with pytest.raises(ValueError, match="metafile.yml': half lacks the key 'Metadata'"):
        read_zoo(tmp_path / 'metafile.yml')


def test_misfits_name_what_is_missing_too_many_or_of_another_shape():
    model = build_without_memory(load(ZOO[0]))
    tensors = {k: v for k, v in model.state_dict().items() if k.startswith('backbone.')}
    assert misfits(model, tensors, parts=('backbone.',)) == []
    gone = tensors.pop('backbone.stages.0.0.norm.bias')
    tensors |= {'backbone.stages.0.0.norm.weight': gone[:3], 'head.fc.bias': gone}
    assert misfits(model, tensors, parts=('backbone.',)) == [
        'backbone.stages.0.0.norm.bias is missing',
        "head.fc.bias is not the model's",
        'backbone.stages.0.0.norm.weight is (3,), needs (40,)',
    ]
