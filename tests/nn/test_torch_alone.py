"""The method in an environment of torch and numpy alone, and the same steps through mmengine."""

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper

from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.models import FCMAE
from tests.support.command_line import ROOT
from tests.support.torch_alone import ARCH, CHANNELS, SEED, STEPS

# What torch needs, and numpy.
PACKAGES = ('torch', 'numpy', 'typing_extensions', 'sympy', 'mpmath', 'networkx', 'jinja2',
            'markupsafe', 'filelock', 'fsspec')  # fmt: skip


@pytest.fixture(scope='module')
def environment(tmp_path_factory) -> Path:
    """A folder of packages with links to torch, numpy, and what these two need to be imported."""
    folder = tmp_path_factory.mktemp('site')
    site = Path(torch.__file__).parents[1]
    names = {part for name in PACKAGES for part in top_level(name)} | {'nvidia', 'numpy.libs'}
    for name in names:
        if (site / name).exists():
            (folder / name).symlink_to(site / name)
    (folder / 'mmcnx2').symlink_to(ROOT / 'mmcnx2')
    (folder / 'tests').symlink_to(ROOT / 'tests')
    return folder


def top_level(name: str) -> set[str]:
    """Return the files and folders that a distribution puts into site-packages."""
    return {Path(str(file)).parts[0] for file in distribution(name).files} - {'..'}


def test_losses_and_weights_are_those_of_the_same_steps_through_mmengine(environment, tmp_path):
    weights, encoder = tmp_path / 'fcmae.pth', tmp_path / 'timm.pth'
    program = (
        f'import sys; sys.path.append({str(environment)!r}); import runpy; '
        f'sys.argv = ["", {str(weights)!r}, {str(encoder)!r}]; '
        'runpy.run_module("tests.support.torch_alone", run_name="__main__")'
    )
    told = subprocess.run(
        [sys.executable, '-I', '-S', '-c', program],
        capture_output=True, text=True, env={'OMP_NUM_THREADS': '1'},
    )  # fmt: skip
    assert told.returncode == 0, told.stderr

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model = FCMAE(
        backbone=dict(
            type='mmcnx2.ConvNeXtV2', arch=ARCH, in_channels=CHANNELS, final_norm=False,
            ops='torch',  # Numba, which is here and not there, rounds differently
        ),
        neck=dict(
            type='mmcnx2.FCMAEDecoder', in_channels=12, embed_dims=8, patch_size=8,
            out_channels=CHANNELS,
        ),
        head=dict(type='mmcnx2.FCMAEPretrainHead', patch_size=8),
    )  # fmt: skip
    model.data_preprocessor = torch.nn.Identity()
    model.data_preprocessor.forward = lambda data, training: dict(inputs=data)
    wrapper = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=1e-3))
    losses = [
        model.train_step(torch.randn(2, CHANNELS, 32, 24), wrapper)['loss'].item()
        for _ in range(STEPS)
    ]
    torch.set_num_threads(threads)

    assert [float(loss) for loss in told.stdout.split()] == losses
    saved = torch.load(weights)
    assert saved.keys() == model.state_dict().keys()
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in saved.items())
    ours = convert_state_dict(model.backbone.state_dict(), to='timm')
    theirs = torch.load(encoder)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
