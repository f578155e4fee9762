"""The kernels compile for GPUs that need not be here, and spill no registers on them."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip('triton')


@pytest.mark.parametrize('capability', [80, 90], ids=['A100', 'H100'])
def test_every_kernel_compiles_and_spills_nothing(capability):
    compiler = {name: value for name, value in os.environ.items() if name != 'TRITON_INTERPRET'}
    told = subprocess.run(
        [sys.executable, '-m', 'tests.support.compile_kernels', str(capability)],
        env=compiler, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    used = json.loads(told.stdout)
    assert len(used) == 8
    for kernel, resources in used.items():
        assert resources['stack'] == 0, f'{kernel} spills: {resources}'
