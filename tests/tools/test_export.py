"""tools/deployment/export.py, from a config and weights to a file that was compared."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from mmcnx2.apis.exported.model import ExportedModel
from tests.support.exports import build, toy_config
from tests.support.in_process import refusal, run


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A folder with config and weights of a toy classifier, which is the current one."""
    monkeypatch.chdir(tmp_path)
    cfg = toy_config('classifier')
    cfg.dump('config.py')
    weights = build(cfg).state_dict()
    meta = dict(dataset_meta=dict(classes=[f'class {i}' for i in range(1000)]))
    torch.save(dict(state_dict=weights, meta=meta), 'net.pth')
    (tmp_path / 'photos').mkdir()
    for i in range(3):
        pixels = np.random.default_rng(i).integers(0, 256, (90, 120, 3), np.uint8)
        Image.fromarray(pixels).save(f'photos/{i}.png')
    return tmp_path


def test_writes_onnx_that_knows_itself_and_says_how_close_it_is(trained):
    onnxruntime = pytest.importorskip('onnxruntime')
    said = run('deployment/export.py', 'config.py', 'net.pth', 'net.onnx')
    assert said.count('logits differ, of their largest (1e-04 allowed)') == 3
    assert "Wrote 'net.onnx'." in said
    session = onnxruntime.InferenceSession('net.onnx')
    facts = json.loads(session.get_modelmeta().custom_metadata_map['mmcnx2'])
    assert facts['kind'] == 'classifier' and facts['classes'][7] == 'class 7'
    assert [step['step'] for step in facts['prepare']] == ['short_side', 'middle']


def test_int8_is_smaller_and_compared_on_the_photos(trained):
    pytest.importorskip('onnxruntime')
    arguments = ('config.py', 'net.pth', 'net.onnx', '--precision', 'int8', '--photos', 'photos')
    said = run('deployment/export.py', *arguments)
    assert said.count('logits differ, of their largest (1e-01 allowed)') == 3
    import onnx

    kinds = {node.op_type for node in onnx.load('net.onnx').graph.node}
    assert {'QuantizeLinear', 'DequantizeLinear'} <= kinds
    assert ExportedModel.open('net.onnx').facts['kind'] == 'classifier'
    assert not list(trained.glob('*old*')), 'the exact one was nothing to keep'


def test_a_file_that_differs_by_more_than_allowed_ends_with_an_error(trained, monkeypatch):
    from mmcnx2.apis.exporting import comparison, files

    def wrong(program, traced, path, **options):
        return lambda images: {'logits': program(images)[0] + 1}

    monkeypatch.setattr(files, 'save_program', wrong)
    monkeypatch.setattr(files, 'trace', lambda program: None)
    monkeypatch.setattr(comparison, 'SIZES', ((1, 64, 64),))
    said = refusal('deployment/export.py', 'config.py', 'net.pth', 'net.pt2')
    assert "that is more than allowed: do not use 'net.pt2'" in said


@pytest.mark.parametrize(
    ('options', 'sentence'),
    [
        (['no.pth', 'net.onnx'], "checkpoint 'no.pth' does not exist"),
        (['net.pth', 'net.onnx', '--opset', '11'], 'opset=11 is none that models are written in'),
        (['net.pth', 'net.onnx', '--precision', 'int8'], '--precision int8 needs a file that ends'),
        (['net.pth', 'net.pt2', '--part', 'reconstruction'], 'reconstructs nothing: give a run'),
        (['net.pth', 'net.pt2', '--photos', 'none'], "'none' is neither an image nor a folder"),
    ],
)  # fmt: skip
def test_what_is_missing_is_one_sentence(options, sentence, trained):
    before = sorted(trained.iterdir())
    assert sentence in refusal('deployment/export.py', 'config.py', *options)
    assert sorted(trained.iterdir()) == before, 'it left something behind'
