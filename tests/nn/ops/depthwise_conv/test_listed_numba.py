"""What holds for Numba's convolution alone: threads, and where its machine code is kept."""

import os
import subprocess
import sys

import pytest
import torch

from mmcnx2.nn.ops.depthwise_conv import Windows
from tests.support.closeness import assert_all_close
from tests.support.operations import draw, results

numba = pytest.importorskip('numba')
from mmcnx2.nn.ops.depthwise_conv import listed_numba
from mmcnx2.nn.ops.depthwise_conv.listed_numba import depthwise_conv

ALONE = """
import torch
torch.set_num_threads(3)
from mmcnx2.nn.convnextv2 import ConvNeXtV2
net = ConvNeXtV2({'depths': [1], 'channels': [2]}, ops='numba')
print(net(torch.ones(1, 3, 4, 4), torch.ones(1, 1, 1, dtype=torch.bool)).shape)
print('threads:', torch.get_num_threads())
"""


@pytest.fixture(scope='module')
def alone() -> str:
    """What a process says that calls the convolution, and can keep no machine code.

    The one place that Numba may look at there is a zip archive, which the package is not in.
    """
    environment = {**os.environ, 'NUMBA_CACHE_LOCATOR_CLASSES': 'ZipCacheLocator'}
    told = subprocess.run(
        [sys.executable, '-c', ALONE], env=environment, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


@pytest.mark.parametrize('threads', [1, 2, 5])
def test_any_number_of_threads_gives_the_same_numbers(threads, monkeypatch):
    given = {'x': draw(3, 4, 4, 5, seed=0), 'weight': draw(5, 1, 7, 7, seed=1)}
    windows = Windows.of_map(4, 4, 3, 'cpu')

    def run():
        return results(lambda x, weight: depthwise_conv(x, weight, None, windows), given)

    expected = run()
    monkeypatch.setattr(torch, 'get_num_threads', lambda: threads)
    assert_all_close(expected, run(), relative=1e-14)


def test_numba_takes_no_more_threads_than_torch(monkeypatch):
    """Its threads spin for a while after each call: more of them than cores cost manifold time."""
    taken = []
    for name in ('_convolve_blocks', '_sum_taps'):
        kernel = getattr(listed_numba, name)
        monkeypatch.setattr(
            listed_numba,
            name,
            lambda *args, kernel=kernel: (taken.append(numba.get_num_threads()), kernel(*args)),
        )
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 1)
    before = numba.get_num_threads()
    x, weight = draw(3, 4, 4, 5, seed=0).requires_grad_(), draw(5, 1, 7, 7, seed=1).requires_grad_()
    depthwise_conv(x, weight, None, Windows.of_map(4, 4, 3, 'cpu')).sum().backward()
    assert taken == [1, 1, 1], 'forward, and the gradients of x and of the weight'
    assert numba.get_num_threads() == before, 'the count of the rest of the process has changed'


@pytest.mark.parametrize('channels', [1, 3])
def test_the_storage_of_parameters_can_be_freed_afterwards(channels):
    # FSDP2 does so between forward and backward.
    given = draw(1, 4, 4, channels, seed=0), draw(channels, 1, 1, 1, seed=1), draw(channels, seed=2)
    parameters = [torch.nn.Parameter(tensor) for tensor in given[1:]]
    depthwise_conv(given[0], *parameters, Windows.of_map(4, 4, 0, 'cpu')).sum().backward()
    for parameter in parameters:
        parameter.untyped_storage().resize_(0)


@pytest.mark.slow
def test_nowhere_to_keep_the_machine_code_is_no_error(alone):
    assert 'torch.Size([1, 2, 1, 1])' in alone


def test_torch_keeps_its_number_of_threads(alone):
    assert 'threads: 3' in alone
