"""What the kernels are compiled to, for GPUs that need not be here."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip('triton')

# Instructions a multiply-add: a wide window slides far, a window of one site reads all for itself.
MOST = {
    ('depthwise_conv_forward_kernel', 8): 2.1,
    ('depthwise_conv_forward_kernel', 1): 4.2,
    ('depthwise_conv_weight_kernel', 8): 2.7,
    ('depthwise_conv_weight_kernel', 1): 4.8,
}


@pytest.fixture(scope='module', params=[80, 90], ids=['A100', 'H100'])
def kernels(request) -> list[dict]:
    """What the narrowest and the widest use; every width: ``--all`` behind the command."""
    compiler = {name: value for name, value in os.environ.items() if name != 'TRITON_INTERPRET'}
    told = subprocess.run(
        [sys.executable, '-m', 'tests.support.compile_kernels', str(request.param)],
        env=compiler, capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_every_kernel_compiles_and_spills_nothing(kernels):
    assert len(kernels) == 14
    for used in kernels:
        assert used['stack'] == 0, f'spills: {used}'


def test_depthwise_kernels_slide(kernels):
    slid = [used for used in kernels if 'a_multiply_add' in used]
    assert len(slid) == len(MOST)
    for used in slid:
        name, _, side = used['kernel'].split()
        assert used['a_multiply_add'] <= MOST[name, int(side.removeprefix('side='))], used


def test_all_loads_but_those_of_numbers_a_row_take_16_bytes(kernels):
    for used in kernels:
        if used['kernel'].startswith(('pixels', 'grn_respond')):
            continue  # bytes of an image that is read once a step; numbers of images, not rows
        assert set(used['loads']) <= {'4', '16'} and used['loads']['16'], used
        if 'a_multiply_add' in used:  # 40 channels too; 4 bytes are an entry of the table
            side = int(used['kernel'].split('=')[-1])
            assert used['loads']['4'] == side + side + 6, used
