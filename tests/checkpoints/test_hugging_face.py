"""Hugging Face's ConvNeXt V2 and this package's give equal logits from each other's weights.

transformers cannot live beside mmpretrain, so its side runs in an environment of its own::

    python -m venv .venv-hf && .venv-hf/bin/pip install -e '.[hf]'
    MMCNX2_HF_PYTHON=.venv-hf/bin/python pytest tests/checkpoints/test_hugging_face.py
"""

import os
import subprocess
from pathlib import Path

import pytest
import torch

from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints import convert_state_dict, recognize
from tests.support.closeness import assert_close
from tests.support.command_line import passed, tool
from tests.support.logits import logits_of
from tests.support.states import make_state
from tests.support.toy import ARCH, make_images

PYTHON = os.environ.get('MMCNX2_HF_PYTHON')
SCRIPT = Path(__file__).parents[1] / 'support' / 'hugging_face.py'

pytestmark = pytest.mark.skipif(
    not PYTHON, reason='MMCNX2_HF_PYTHON does not name an interpreter with transformers'
)


def ask(folder: Path, **request) -> dict:
    """Let the other environment compute, and return its weights and logits."""
    torch.save(request, folder / 'request.pt')
    # From standard input: a script's own folder would come before the standard library.
    run = subprocess.run(
        [PYTHON, '-', str(folder)],
        input=SCRIPT.read_text(), capture_output=True, text=True, cwd=folder, timeout=590,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    return torch.load(folder / 'answer.pt', weights_only=True, mmap=True)


@pytest.mark.parametrize('arch', ARCHS)
def test_logits_are_equal_at_every_published_size(arch, tmp_path):
    sizes = ARCHS[arch]
    config = {
        'depths': list(sizes['depths']),
        'hidden_sizes': list(sizes['channels']),
        'num_labels': 1000,
        'layer_norm_eps': 1e-6,  # of the final norm; the library's default, 1e-12, is not V2's
    }
    images = make_images(1, 32, 32)
    answer = ask(tmp_path, config=config, images=images)

    assert recognize(answer['weights']).dialect.name == 'hf'
    converted = convert_state_dict(answer['weights'], to='mmcnx2')
    assert_close(arch, answer['logits'], logits_of(converted, images, arch), relative=1e-9)

    # Equal names, shapes and bits: their model takes what comes back.
    back = convert_state_dict(converted, to='hf')
    assert list(back) == list(answer['weights'])
    for name, tensor in answer['weights'].items():
        assert back[name].shape == tensor.shape and back[name].equal(tensor), name


def test_from_pretrained_reads_what_the_tool_wrote(tmp_path):
    torch.save(make_state('norm', 'head'), tmp_path / 'ours.pth')
    options = ('--to', 'hf', '--keep-name')
    passed(
        tool('model_converters/convert.py', 'ours.pth', 'model.safetensors', *options, cwd=tmp_path)
    )
    images = make_images(2, 64, 96)
    answer = ask(tmp_path, images=images)
    expected = logits_of(make_state('norm', 'head'), images, ARCH)
    assert_close('logits', expected, answer['logits'], relative=1e-9)
