"""Hugging Face's ConvNeXt V2 and this package's give equal logits from each other's weights.

transformers cannot live beside mmpretrain, so its side runs in an environment of its own::

    python -m venv .venv-hf && .venv-hf/bin/pip install -e '.[hf]'
    MMCNX2_HF_PYTHON=.venv-hf/bin/python pytest tests/checkpoints/test_hugging_face.py
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints import convert_state_dict, recognize
from mmcnx2.checkpoints.hugging_face import IMAGENET
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from tests.support.closeness import assert_close
from tests.support.in_process import run
from tests.support.logits import logits_of
from tests.support.states import assert_same_state, make_state
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
    done = subprocess.run(
        [PYTHON, '-', str(folder)],
        input=SCRIPT.read_text(), capture_output=True, text=True, cwd=folder, timeout=590,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return torch.load(folder / 'answer.pt', weights_only=True, mmap=True)


def convert(state: dict, folder: Path) -> None:
    """Let the tool write weights into a folder that the other library opens."""
    torch.save(state, folder / 'ours.pth')
    files = folder / 'ours.pth', folder / 'model.safetensors'
    run('model_converters/convert.py', *files, '--to', 'hf', '--keep-name')


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


def test_the_backbones_maps_are_equal(tmp_path):
    config = {
        'depths': list(ARCH['depths']),
        'hidden_sizes': list(ARCH['channels']),
        'out_features': ['stage1', 'stage3', 'stage4'],
    }
    images = make_images(2, 64, 96)
    answer = ask(tmp_path, config=config, images=images)
    net = ConvNeXtV2(ARCH, out_indices=(0, 2, 3)).double().eval()
    net.load_state_dict(answer['weights'], strict=True)
    with torch.no_grad():
        for i, (expected, actual) in enumerate(zip(answer['maps'], net(images), strict=True)):
            assert_close(f'map {i}', expected, actual, relative=1e-9)
    back = convert_state_dict(net.state_dict(), to='hf')
    assert_same_state(answer['weights'], back)


def test_the_image_processor_prepares_pictures_as_ours_are(tmp_path):
    convert(make_state('norm', 'head'), tmp_path)
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    answer = ask(tmp_path, picture=torch.from_numpy(picture))
    mean, std = (torch.tensor(IMAGENET[name]) for name in ('mean', 'std'))
    cropped = torch.from_numpy(picture[16:-16, 16:-16].copy())  # 256 px to 224: no resizing
    expected = ((cropped - mean) / std).permute(2, 0, 1)[None]
    torch.testing.assert_close(answer['pixel_values'], expected)


def test_from_pretrained_reads_what_the_tool_wrote(tmp_path):
    convert(make_state('norm', 'head'), tmp_path)
    images = make_images(2, 64, 96)
    answer = ask(tmp_path, images=images)
    expected = logits_of(make_state('norm', 'head'), images, ARCH)
    assert_close('logits', expected, answer['logits'], relative=1e-9)
