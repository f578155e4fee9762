"""docs/export.md's example finds what ``mmcnx2 predict`` does, without us."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('onnxruntime')

import mmcnx2
from mmcnx2.apis.exported.model import ExportedModel, open_picture
from tests.support.onnx_files import write_detector, write_echo

PAGE = Path(__file__).parents[3] / 'docs/export.md'

ALONE = """
import sys
ALLOWED = {'numpy', 'PIL', 'onnxruntime', *sys.stdlib_module_names}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] not in ALLOWED:
            raise ImportError(f'{name} was asked for')
sys.meta_path.insert(0, Refuse())
"""


def example() -> str:
    (code,) = re.findall(r'```python\n(.*?)```', PAGE.read_text(), re.S)
    return code


def run_alone(*arguments: object) -> str:
    """Run the example where neither torch nor a toolbox nor this package can be imported."""
    code = ALONE + example()
    done = subprocess.run(
        [sys.executable, '-c', code, *map(str, arguments)], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_short_and_imports_three_packages():
    imports = re.findall(r'^(?:import|from) (\w+)', example(), re.M)
    assert set(imports) - set(sys.stdlib_module_names) == {'numpy', 'onnxruntime', 'PIL'}
    _, _, code = example().partition('ImageOps\n\n')
    assert 0 < len(code.splitlines()) <= 30


def test_it_finds_the_objects_that_the_command_finds(tmp_path):
    Image.new('RGB', (80, 60)).save(tmp_path / 'photo.png')
    model = write_detector(tmp_path / 'net.onnx')
    lines = run_alone(model, tmp_path / 'photo.png').splitlines()
    mmcnx2.predict(model, tmp_path / 'photo.png', out=tmp_path / 'drawn', score=0)
    said = json.loads((tmp_path / 'drawn/predictions.json').read_text())['photo.png']
    assert lines == [
        ' '.join(map(str, [each['label'], each['score'], *each['box']])) for each in said
    ] != []  # fmt: skip


STEPS = [
    [dict(step='short_side', size=73, smooth='bicubic'),
     dict(step='middle', size=64, smooth='bilinear')],
    [dict(step='fit', size=[133, 80], smooth='bilinear')],
    [dict(step='stretch', size=[64, 96], smooth='bicubic')],
]  # fmt: skip


@pytest.mark.parametrize('steps', STEPS, ids=lambda steps: steps[0]['step'])
def test_it_prepares_pictures_as_the_command_does(steps, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (111, 87, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'photo.png')
    model = write_echo(tmp_path / 'net.onnx', kind='echo', classes=None, prepare=steps, least=1)
    run = ExportedModel.open(model)
    expected = run(open_picture(tmp_path / 'photo.png'))['pixels']
    said = run_alone(model, tmp_path / 'photo.png')
    assert said.split() == ['pixels', *str(expected.shape).split(), str(expected.mean().round(4))]
