"""``ConvNeXtV2.load_state_dict`` takes every dialect and says what it took."""

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.checkpoints.dialects import DIALECTS
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.states import assert_same_state, bare, make_state
from tests.support.toy import ARCH

PAGE = Path(__file__).parents[2] / 'docs/checkpoints.md'


def make_net(**options) -> ConvNeXtV2:
    return ConvNeXtV2(ARCH, **options).double()


@pytest.mark.parametrize('dialect', DIALECTS)
def test_every_dialect_loads_strictly(dialect):
    has_norm = dialect != 'official_sparse'
    state = bare(make_state(*(['norm'] if has_norm else [])))
    net = make_net(final_norm=has_norm)
    net.load_state_dict(convert_state_dict(state, to=dialect), strict=True)
    assert_same_state(state, net.state_dict())


def test_the_norms_of_hugging_faces_backbone_load_for_each_map():
    indices = (0, 2, 3)
    state = make_net(out_indices=indices).state_dict()
    theirs = convert_state_dict(state, to='hf')
    norms = {name for name in theirs if 'stage' in name and 'stages' not in name}
    assert norms == {
        f'hidden_states_norms.stage{i + 1}.{p}' for i in indices for p in ('weight', 'bias')
    }
    net = make_net(out_indices=indices)
    net.load_state_dict(theirs, strict=True)
    assert_same_state(dict(state), net.state_dict())


@pytest.mark.parametrize('to', ['mmcnx2', 'official', 'timm', 'hf'])
def test_a_head_is_left_out_and_named(to, caplog):
    state = make_state('norm', 'head')
    net = make_net()
    net.load_state_dict(convert_state_dict(state, to=to), strict=True)
    assert_same_state(bare(state), net.state_dict())
    (record,) = caplog.records
    title = {'mmcnx2': 'mmcnx2 and mmpretrain', 'official': 'official (dense)', 'hf': 'Hugging'}
    assert title.get(to, to) in record.message
    head = {'official': 'head.weight, head.bias', 'hf': 'classifier.weight, classifier.bias'}
    expected = head.get(to, 'head.fc.weight, head.fc.bias')
    assert f'missing none; unused {expected}.' in record.message


def test_a_missing_norm_is_named_and_refused_where_that_is_asked_for(caplog):
    published = convert_state_dict(make_state(), to='official')  # FCMAE has no final norm
    result = make_net().load_state_dict(published, strict=False)
    assert result.missing_keys == ['norm3.weight', 'norm3.bias']
    assert 'missing norm3.' in caplog.text
    with pytest.raises(RuntimeError, match='Missing key.*norm3.weight'):
        make_net().load_state_dict(published, strict=True)


def test_the_line_of_the_log_is_the_pages(caplog):
    state = make_state('norm', arch=ARCHS['atto'])
    official = convert_state_dict(state, to='official', num_classes=1000)
    ConvNeXtV2('atto').double().load_state_dict(official)
    (line,) = re.findall(r'^Recognized .*$', PAGE.read_text(), re.M)
    assert caplog.messages[0].startswith(line.rstrip('.'))


def test_complete_loading_is_one_line_of_information(caplog):
    with caplog.at_level(logging.INFO, 'mmcnx2'):
        make_net().load_state_dict(convert_state_dict(make_state('norm'), to='timm'))
    (record,) = caplog.records
    assert record.levelname == 'INFO'
    assert record.message == (
        'Recognized a ConvNeXt V2 checkpoint, timm: encoder; depths 1-2-1-1, '
        'channels 8-12-16-24; missing none; unused none.'
    )


def test_own_names_load_silently_and_what_torch_reports_stays(caplog):
    state = bare(make_state('norm'))
    make_net().load_state_dict(state)
    with pytest.raises(RuntimeError, match='Unexpected key.*norm3.weight'):
        make_net(final_norm=False).load_state_dict(state)
    result = make_net().load_state_dict({'norm3.weight': state['norm3.weight']}, strict=False)
    assert len(result.missing_keys) == len(state) - 1
    assert not caplog.records


def test_inside_another_module_the_encoder_translates_its_own_part():
    state = bare(make_state('norm'))
    outer = torch.nn.ModuleDict({'body': make_net(), 'top': torch.nn.Linear(2, 2)})
    theirs = convert_state_dict(state, to='official')
    given = {f'body.{name}': tensor for name, tensor in theirs.items()}
    given |= {f'top.{name}': tensor for name, tensor in outer['top'].state_dict().items()}
    outer.load_state_dict(given, strict=True)
    assert_same_state(state, outer['body'].state_dict())


def test_the_callers_dict_stays_as_it_was():
    theirs = convert_state_dict(make_state('norm'), to='official')
    before = dict(theirs)
    make_net().load_state_dict(theirs)
    assert_same_state(before, theirs)


def test_weights_of_another_network_are_refused():
    with pytest.raises(ValueError, match='nothing to load into this ConvNeXtV2: .*layer1.0.conv1'):
        make_net().load_state_dict({'layer1.0.conv1.weight': torch.ones(1)}, strict=False)


def test_another_size_is_refused_by_its_own_shapes():
    other = {'depths': (1, 2, 1, 1), 'channels': (16, 24, 32, 48)}
    theirs = convert_state_dict(make_state(arch=other), to='timm')
    with pytest.raises(ValueError, match=r'is \(16, 3, 4, 4\), needs \(8, 3, 4, 4\)'):
        make_net().load_state_dict(theirs)


def test_conversion_and_the_backbone_need_torch_alone():
    program = """
import sys
for name in ('mmengine', 'mmcv', 'mmdet', 'mmseg', 'mmpretrain', 'timm', 'safetensors', 'yaml'):
    sys.modules[name] = None
import torch
from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.nn import ConvNeXtV2
net = ConvNeXtV2({'depths': (1, 1), 'channels': (4, 6)})
net.load_state_dict(convert_state_dict(net.state_dict(), to='timm'))
print(len(net.state_dict()))
"""
    run = subprocess.run(
        [sys.executable, '-c', program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.strip() == str(
        len(ConvNeXtV2({'depths': (1, 1), 'channels': (4, 6)}).state_dict())
    )
