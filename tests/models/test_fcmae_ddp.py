"""Two processes with half a batch each learn what one learns from all of it."""

import torch

from tests.support.closeness import assert_close
from tests.support.fcmae import make_fcmae
from tests.support.processes import fcmae_gradients, run_processes, save_ddp_gradients


def test_two_processes_have_the_gradients_of_the_whole_batch(tmp_path):
    run_processes(save_ddp_gradients, tmp_path, count=2)
    expected = fcmae_gradients(make_fcmae())
    for rank in range(2):
        found = torch.load(tmp_path / f'{rank}.pt', weights_only=True)
        for name, gradient in expected.items():
            assert_close(f'process {rank}: {name}', gradient, found[name], relative=1e-10)
