"""tools/deployment/export.py from the command line."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcnx2.registry import MODELS
from tests.support.command_line import ROOT, passed, tool
from tests.support.in_process import refusal
from tests.support.toy_config import shrink

CONFIG = ROOT / 'configs/convnext_v2/convnextv2-atto_fcmae-pre_32xb32-amp-coslr-600e_in1k.py'


def test_writes_onnx_and_says_how_close_it_is(tmp_path):
    pytest.importorskip('onnxruntime')
    cfg = shrink(Config.fromfile(CONFIG))
    cfg.dump(tmp_path / 'config.py')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'net.pth')
    said = passed(tool('deployment/export.py', 'config.py', 'net.pth', 'net.onnx', cwd=tmp_path))
    assert said.count('px: logits differ by at most') == 3
    assert "Wrote 'net.onnx'." in said
    assert (tmp_path / 'net.onnx').is_file()


def test_what_is_missing_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refusal('deployment/export.py', CONFIG, 'no.pth', 'net.onnx')
    assert "checkpoint 'no.pth' does not exist" in said
    assert not list(tmp_path.iterdir()), 'it left something behind'
