"""Two processes with half a batch each learn what one learns from all of it, in torch alone."""

import pytest
import torch

from tests.support.closeness import assert_close
from tests.support.ddp_processes import gradients_of, make_model, save_gradients
from tests.support.devices import DEVICES
from tests.support.processes import run_processes


@pytest.mark.slow
@pytest.mark.parametrize('device', DEVICES)
def test_two_processes_have_the_gradients_of_the_whole_batch(device, tmp_path):
    if device == 'cuda' and torch.cuda.device_count() < 2:
        pytest.skip('needs two CUDA GPUs')
    run_processes(save_gradients, tmp_path, count=2, device=device)
    expected = gradients_of(make_model('cpu'), 'cpu')
    for rank in range(2):
        found = torch.load(tmp_path / f'{rank}.pt', weights_only=True)
        assert found.keys() == expected.keys()
        for name, gradient in expected.items():
            assert_close(f'process {rank}: {name}', gradient, found[name], relative=1e-10)
