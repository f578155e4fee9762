"""The registered backbone: what OpenMMLab passes to any backbone, and what people see of it."""

import inspect
import re

import pytest
import torch
from mmengine.registry import MODELS

from mmcnx2.models import ConvNeXtV2
from mmcnx2.nn import ConvNeXtV2 as PlainConvNeXtV2
from tests.support.toy import ARCH


def test_its_signature_is_the_networks_and_two_more():
    plain = inspect.signature(PlainConvNeXtV2).parameters
    shown = inspect.signature(ConvNeXtV2).parameters
    assert list(shown) == [*plain, 'init_cfg', 'pretrained']
    assert all(shown[name].default == plain[name].default for name in plain)


def test_what_the_toolboxes_bases_pass_to_any_backbone_changes_nothing():
    net = ConvNeXtV2(ARCH, pretrained=None, frozen_stages=-1).train()
    assert all(parameter.requires_grad for parameter in net.parameters())
    assert all(module.training for module in net.modules())


def test_weights_come_by_init_cfg():
    with pytest.raises(ValueError, match="pretrained='a.pth', but weights come by init_cfg"):
        ConvNeXtV2(ARCH, pretrained='a.pth')


@pytest.mark.parametrize('toolbox', ['mmpretrain', 'mmdet', 'mmseg'])
def test_the_padding_that_is_advised_is_an_option_of_each_toolbox(toolbox):
    pytest.importorskip(f'{toolbox}.models')
    net, visible = ConvNeXtV2(ARCH), torch.ones(1, 2, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match='pad to multiples of 32') as refusal:
        net(torch.zeros(1, 3, 65, 64), visible)
    said = str(refusal.value)
    option = next(
        option
        for option, names in re.findall(r'(\w+)=32 of ((?:\w+(?: and )?)+)', said)
        if toolbox in names.split(' and ')
    )
    kind = dict(mmpretrain='ClsDataPreprocessor', mmdet='DetDataPreprocessor',
                mmseg='SegDataPreProcessor')[toolbox]  # fmt: skip
    MODELS.build({'type': f'{toolbox}.{kind}', option: 32})
