"""The same file run by others: OpenVINO, and an environment that has three packages alone.

The environment is one's own, and its interpreter is named by ``MMCNX2_BARE_PYTHON``:
``python -m venv bare && bare/bin/pip install onnxruntime numpy pillow``.
"""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.ops import box_iou

from mmcnx2.apis.exporting.comparison import compare
from mmcnx2.apis.exporting.program import difference
from tests.support.exports import pictures

PAGE = Path(__file__).parents[3] / 'docs/export.md'
KINDS = ('classifier', 'detector', 'rtmdet_ins', 'segmentor')


@pytest.mark.slow
@pytest.mark.parametrize('kind', [*KINDS, 'reconstruction'])
def test_openvino_reads_the_file(kind, exported):
    pytest.importorskip('onnxruntime')
    openvino = pytest.importorskip('openvino')
    program, path, _ = exported(kind, '.onnx')
    # Where a CPU has units for it OpenVINO computes in bfloat16, unless it is told not to.
    compiled = openvino.Core().compile_model(path, 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})

    def run(*inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        given = dict(zip(program.input_names, (each.numpy() for each in inputs), strict=True))
        found = compiled(given)
        return {name: torch.from_numpy(found[name].copy()) for name in program.outputs}

    for size, deviations in compare(program, run):
        assert not any(each.too_large for each in deviations), (size, deviations)


@pytest.mark.slow
@pytest.mark.parametrize('kind', KINDS)
def test_the_example_equals_the_original_where_three_packages_are(kind, exported, tmp_path):
    python = os.environ.get('MMCNX2_BARE_PYTHON')
    if not python:
        pytest.skip('MMCNX2_BARE_PYTHON names no interpreter')
    program, path, _ = exported(kind, '.onnx')
    images = pictures(1, 101, 163)
    Image.fromarray(images[0].numpy()).save(tmp_path / 'photo.png')
    (code,) = re.findall(r'```python\n(.*?)```', PAGE.read_text(), re.S)
    (tmp_path / 'run.py').write_text(code + "np.savez('found.npz', **found)\n")
    subprocess.run([python, '-I', 'run.py', path, 'photo.png'], cwd=tmp_path, check=True)
    with np.load(tmp_path / 'found.npz') as saved:
        found = {name: torch.from_numpy(saved[name]) for name in program.outputs}
    _assert_equal(kind, found, program.original(images))


def _assert_equal(kind: str, found: dict, expected: dict) -> None:
    if kind == 'classifier':
        distance = difference(found['logits'], expected['logits'])
        print(f'logits {distance:.1e}')
        assert distance < 1e-4
    elif kind == 'segmentor':
        here, there = found['labels'].flatten(), expected['labels'].flatten()
        count = int(there.max()) + 1
        pairs = torch.bincount(there * count + here.clamp(max=count - 1), minlength=count**2)
        pairs = pairs.view(count, count)
        both, any_of = pairs.diag(), pairs.sum(0) + pairs.sum(1) - pairs.diag()
        iou = (both[any_of > 0] / any_of[any_of > 0]).mean().item()
        print(f'mIoU {iou:.5f} of {int((any_of > 0).sum())} classes')
        assert (any_of > 0).sum() > 1 and iou > 1 - 1e-3
    else:
        assert len(expected['labels']) > 3 and torch.equal(found['labels'], expected['labels'])
        iou = box_iou(found['boxes'], expected['boxes']).diag().min().item()
        score = (found['scores'] - expected['scores']).abs().max().item()
        pixels = (found['masks'] != expected['masks']).float().mean().item()
        print(f'{len(found["labels"])} boxes IoU {iou:.5f}, scores {score:.1e}, masks {pixels:.1e}')
        assert iou > 0.99 and score < 1e-3 and pixels < 1e-3
