"""What needs torch alone is run where there is no more: the method, and the tests for a GPU."""

import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper

from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.models import FCMAE
from tests.support.command_line import ROOT
from tests.support.torch_alone import ARCH, CHANNELS, SEED, STEPS

TORCH = ('torch', 'typing_extensions', 'sympy', 'mpmath', 'networkx', 'jinja2', 'markupsafe',
         'filelock', 'fsspec')  # fmt: skip
PYTEST = ('pytest', 'iniconfig', 'packaging', 'pluggy', 'pygments')
if sys.version_info < (3, 11):
    PYTEST += ('exceptiongroup', 'tomli')


def make_environment(folder: Path, packages: Iterable[str]) -> Path:
    """Fill a folder of packages with links to some that are installed, to ours and the tests."""
    folder.mkdir()
    site = Path(torch.__file__).parents[1]
    parts = {part for package in packages for part in top_level(package)}
    for name in parts | {'nvidia'}:
        if (site / name).exists():
            (folder / name).symlink_to(site / name)
    for name in ('mmcnx2', 'tests'):
        (folder / name).symlink_to(ROOT / name)
    return folder


def run_there(folder: Path, program: str, *arguments: str | Path, **environment: str) -> str:
    """Run a program with those packages and Python's own alone; return what it says."""
    program = f'import sys; sys.path.append({str(folder)!r}); {program}'
    told = subprocess.run(
        [sys.executable, '-I', '-S', '-c', program, *map(str, arguments)],
        capture_output=True, text=True, env={'OMP_NUM_THREADS': '1', **environment}, cwd=ROOT,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def top_level(name: str) -> set[str]:
    """Return the files and folders that a distribution puts into site-packages."""
    return {Path(str(file)).parts[0] for file in distribution(name).files} - {'..'}


def test_losses_and_weights_are_those_of_the_same_steps_through_mmengine(tmp_path):
    site = make_environment(tmp_path / 'site', (*TORCH, 'numpy'))
    weights, encoder = tmp_path / 'fcmae.pth', tmp_path / 'timm.pth'
    script = 'import runpy; runpy.run_module("tests.support.torch_alone", run_name="__main__")'
    told = run_there(site, script, weights, encoder)

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

    assert [float(loss) for loss in told.split()] == losses
    saved = torch.load(weights)
    assert saved.keys() == model.state_dict().keys()
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in saved.items())
    ours = convert_state_dict(model.backbone.state_dict(), to='timm')
    theirs = torch.load(encoder)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def test_the_tests_for_a_gpu_need_torch_triton_and_pytest_alone(tmp_path):
    pytest.importorskip('triton')
    site = make_environment(tmp_path / 'site', (*TORCH, *PYTEST, 'triton'))
    run = 'import pytest; sys.exit(pytest.main(sys.argv[1:]))'
    # As where a GPU is: Triton's interpreter needs numpy.
    options = ('-m', 'gpu', '--collect-only', '-q', '-p', 'no:cacheprovider')
    told = run_there(site, run, *options, TRITON_INTERPRET='0')
    chosen = [line for line in told.splitlines() if '::' in line]
    assert len(chosen) > 20, told
    files = {test.partition('::')[0].removeprefix('tests/nn/') for test in chosen}
    assert files == {
        'layouts/test_triton.py',
        'ops/depthwise_conv/test_fast.py',
        'ops/grn/test_fused_triton.py',
        'ops/layer_norm/test_fused_triton.py',
        'ops/pixels/test_fused_triton.py',
        'ops/test_proofs.py',
        'test_compile.py',
        'test_cuda_graph.py',
        'test_ddp.py',
    }


def test_the_table_of_a_gpu_needs_torch_and_triton_alone(tmp_path):
    pytest.importorskip('triton')
    site = make_environment(tmp_path / 'site', (*TORCH, 'triton', 'numpy'))  # that to interpret
    (site / 'mmcnx2').unlink()  # a plain checkout is not installed
    (site / 'tests').unlink()
    script = 'import runpy; sys.argv[:1] = []; runpy.run_path(sys.argv[0], run_name="__main__")'
    words = ('--dry', '--only', 'right: grn', '--out', tmp_path / 'table')
    told = run_there(site, script, ROOT / 'tools/benchmarks/gpu_table.py', *words)
    assert '1 proofs hold, 0 rows are wrong or failed.' in told
