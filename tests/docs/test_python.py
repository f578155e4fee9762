"""Every block of Python in the pages runs, or is a config whose parts take what they are given."""

import ast
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, HOOKS, MODELS, OPTIM_WRAPPER_CONSTRUCTORS, TRANSFORMS
from PIL import Image

from mmcnx2.analysis.embedding_table import EmbeddingTable
from mmcnx2.engine.config_keys import keys_of
from mmcnx2.nn import FCMAE, ConvNeXtV2
from tests.docs.verdicts import NOT_RUN
from tests.support.command_line import ROOT
from tests.support.pages import Block, blocks

REGISTRIES = (MODELS, HOOKS, DATASETS, TRANSFORMS, OPTIM_WRAPPER_CONSTRUCTORS)
BLOCKS = [block for block in blocks('python') if block.name not in NOT_RUN]


def is_config(code: str) -> bool:
    """Whether a block is such as configs hold: settings, and not a call but ``dict``."""
    tree = ast.parse(code)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return all(isinstance(node, ast.Assign) for node in tree.body) and all(
        isinstance(call, ast.Name) and call.id in ('dict', '__import__') for call in calls
    )


CONFIGS = [block for block in BLOCKS if is_config(block.code)]
PROGRAMS = [block for block in BLOCKS if not is_config(block.code)]


def component(name: str) -> type:
    """Return the class behind a name in a config of mmpretrain's scope."""
    found = set()
    for registry in REGISTRIES:
        with registry.switch_scope_and_registry('mmpretrain') as scope:
            found |= {scope.get(name)} - {None}
    (one,) = found
    return one


def parts(node: Any) -> Iterator[Mapping]:
    """Yield whatever has a type."""
    if isinstance(node, Mapping):
        if node.get('type', 'Pretrained') != 'Pretrained':
            yield node
        node = list(node.values())
    if isinstance(node, list | tuple):
        for each in node:
            yield from parts(each)


@pytest.mark.parametrize('block', CONFIGS, ids=str)
def test_the_parts_of_a_config_take_what_they_are_given(block, tmp_path):
    file = tmp_path / 'shown.py'
    file.write_text(block.code)
    cfg = Config.fromfile(file)
    for part in parts({key: value for key, value in cfg.to_dict().items() if key in block.code}):
        known, _ = keys_of(component(part['type']))
        assert part.keys() - {'_delete_'} <= known, part['type']


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """What a reader has: the configs, weights of a pre-training, pictures and their vectors."""
    folder = tmp_path_factory.mktemp('reader')
    (folder / 'configs').symlink_to(ROOT / 'configs')
    config = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
    (folder / 'config.py').write_text(f"_base_ = '{config}'\n")
    torch.manual_seed(0)
    weights = dict(state_dict=_in_openmmlab(FCMAE('atto')))
    torch.save(weights, folder / 'epoch_100.pth')
    (folder / 'work_dirs/v2').mkdir(parents=True)
    shutil.copy(folder / 'epoch_100.pth', folder / 'work_dirs/v2/epoch_18.pth')
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    (folder / 'photos').mkdir()
    for name in ('a.jpg', 'b.jpg', 'b.png', 'photos/c.jpg'):
        Image.fromarray(pixels).save(folder / name)
    vectors = np.eye(2, 3, dtype=np.float32)
    EmbeddingTable(['a.jpg', 'b.jpg'], vectors, 'f00', 'stage 4').write(folder / 'e.parquet')
    return folder


def _in_openmmlab(model: FCMAE) -> dict[str, torch.Tensor]:
    """Name the weights as a run's checkpoint does."""
    names = {'backbone': 'backbone', 'decoder': 'neck'}
    return {
        f'{names.get(part, part)}.{rest}': weight
        for part, _, rest, weight in (
            (*name.partition('.'), weight) for name, weight in model.state_dict().items()
        )
    }


def spoken_of() -> dict[str, Any]:
    """Return what a page has named in its text when it comes to a block."""
    net = ConvNeXtV2(dict(depths=(1, 1), channels=(8, 16)), final_norm=False).eval()
    visible = torch.tensor([[[True, False], [True, True]]])
    return dict(torch=torch, net=net, images=torch.randn(1, 3, 16, 16), visible=visible)


@pytest.mark.parametrize('block', PROGRAMS, ids=str)
def test_it_runs(block, folder, monkeypatch):
    monkeypatch.chdir(folder)
    exec(compile(block.code, str(block), 'exec'), {'__name__': 'shown', **spoken_of()})


@pytest.mark.parametrize('block', blocks('python'), ids=str)
def test_it_is_python(block: Block):
    compile(block.code, str(block), 'exec')


def test_there_are_configs_and_programs():
    assert len(CONFIGS) > 8 and len(PROGRAMS) > 3


def test_a_config_with_a_wrong_argument_would_be_seen(tmp_path):
    wrong = Block('page', 1, 'python', "a = dict(type='mmcnx2.ConvNeXtV2', archh='atto')\n")
    with pytest.raises(AssertionError, match='ConvNeXtV2'):
        test_the_parts_of_a_config_take_what_they_are_given(wrong, tmp_path)
