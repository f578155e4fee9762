"""Our backbone in every model base of the toolboxes: built, and a loss forward and backward."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import MODELS, init_default_scope
from mmengine.structures import InstanceData
from torch import nn

from mmcnx2.models import ConvNeXtV2
from mmcnx2.nn import FCMAE
from tests.support.batches import make_batch
from tests.support.toolbox_bases import CANNOT, SWAPS, folder, swapped, tables

PAGE = Path(__file__).parents[2] / 'docs/toolboxes.md'
ARCH = dict(depths=[1, 1, 1, 1], channels=[8, 16, 24, 32])
CASES = [pytest.param(swap, base, id=f'{swap.toolbox}-{base}')
         for swap in SWAPS for base in swap.bases]  # fmt: skip

# Its levels end in one site; its smallest anchors are of 64 px.
SIZES = {'ssd300': 300, 'faster-rcnn_r50-caffe-dc5': 128}


def build(toolbox: str, options: ConfigDict) -> nn.Module:
    init_default_scope(toolbox)
    model = revert_sync_batchnorm(MODELS.build(options)).train()
    model.init_weights()
    return model


def shrink(node) -> None:
    """Make smaller, at any depth, what costs most and depends on nothing."""
    if isinstance(node, list | tuple):
        for entry in node:
            shrink(entry)
    elif isinstance(node, dict):
        if node.get('type') == 'UPerHead':
            node.channels = 32
        for key, small in dict(fc_out_channels=32, max_per_img=20, nms_pre=50).items():
            if key in node:
                node[key] = small
        for value in node.values():
            shrink(value)


def assert_it_trains(model: nn.Module, toolbox: str, *, size: int = 64) -> None:
    """Take a loss of two random images, and its gradient down to the first stage."""
    batch = make_batch(toolbox, classes=2, size=size)
    for sample in batch['data_samples']:
        sample.proposals = InstanceData(bboxes=torch.tensor([[8.0, 8.0, 40.0, 40.0]]))
    images = torch.stack(list(batch['inputs'])).float() / 128 - 1
    loss, _ = model.parse_losses(model(images, batch['data_samples'], mode='loss'))
    loss.backward()
    assert loss.isfinite()
    (backbone,) = (module for module in model.modules() if isinstance(module, ConvNeXtV2))
    assert any(parameter.grad.any() for parameter in backbone.stages[0].parameters())


@pytest.mark.parametrize(('swap', 'base'), CASES)
def test_it_trains_in_the_place_of_theirs(swap, base):
    model = swapped(swap, base, ARCH)
    shrink(model)
    assert_it_trains(build(swap.toolbox, model), swap.toolbox, size=SIZES.get(base, 64))


@pytest.mark.parametrize('error', CANNOT, ids=[swap.bases[0] for swap in CANNOT.values()])
def test_it_cannot_for_the_reason_that_is_given(error):
    swap = CANNOT[error]
    with pytest.raises(Exception, match=error):
        assert_it_trains(build(swap.toolbox, swapped(swap, swap.bases[0], ARCH)), swap.toolbox)


def test_every_base_of_mmdet_and_mmseg_is_accounted_for():
    swaps = (*SWAPS, *CANNOT.values())
    known = {(swap.toolbox, base) for swap in swaps for base in swap.bases}
    for toolbox in ('mmdet', 'mmseg'):
        shipped = {(toolbox, path.stem) for path in folder(toolbox).glob('*.py')}
        assert shipped and shipped == {entry for entry in known if entry[0] == toolbox}


def test_the_page_has_the_tables_that_are_tested():
    assert tables() in PAGE.read_text(), 'python -m tests.support.toolbox_bases prints them'


README = [
    ('mmdet', 'faster_rcnn/faster-rcnn_r50_fpn_1x_coco'),
    ('mmseg', 'upernet/upernet_r50_4xb2-40k_cityscapes-512x1024'),
    ('mmpretrain', 'resnet/resnet50_8xb32_in1k'),
    *(('mmpretrain', f'convnext_v2/{path.stem}')
      for path in (folder('mmpretrain').parents[1] / 'convnext_v2').glob('*.py')),
]  # fmt: skip


@pytest.fixture(scope='module')
def pretrained(tmp_path_factory) -> Path:
    """A folder with ``epoch_100.pth``, as pre-training of atto leaves it."""
    folder = tmp_path_factory.mktemp('pretrained')
    weights = {f'backbone.{k}': v for k, v in FCMAE('atto').backbone.state_dict().items()}
    torch.save(dict(state_dict=weights), folder / 'epoch_100.pth')
    return folder


@pytest.mark.parametrize(('toolbox', 'config'), README)
def test_the_readmes_lines_work_as_they_are(toolbox, config, pretrained, monkeypatch):
    monkeypatch.chdir(pretrained)
    blocks = re.findall(r'```python\n(.*?)```', (PAGE.parents[1] / 'README.md').read_text(), re.S)
    (ours,) = (block for block in blocks if block.startswith('custom_imports'))
    (theirs,) = (block for block in blocks if block.startswith(f'# {toolbox}\n'))
    base = folder(toolbox).parents[1] / f'{config}.py'
    Path('own.py').write_text(f"_base_ = '{base}'\n{ours}{theirs}")
    model = build(toolbox, Config.fromfile('own.py').model)
    weights = torch.load('epoch_100.pth')['state_dict']
    for name, weight in model.backbone.state_dict().items():
        assert name[:4] == 'norm' or torch.equal(weight, weights[f'backbone.{name}']), name
    assert_it_trains(model, toolbox)
