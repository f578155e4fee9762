"""What processes of DDP do in a test; importable, since they are spawned; torch alone."""

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mmcnx2.nn import FCMAE
from tests.support.toy import ARCH, make_images, make_visible, randomize

BATCH = 4


def make_model(device: str) -> FCMAE:
    """Build a float64 FCMAE with random parameters."""
    return randomize(FCMAE(ARCH, embed_dims=16).double(), std=0.1).to(device)


def gradients_of(model: nn.Module, device: str, share: slice = slice(None)) -> dict[str, Tensor]:
    """Return the gradients of a share of a batch with set masks, on the CPU."""
    visible = make_visible(BATCH, 2, 3, 2)[share]
    model(make_images(BATCH, 64, 96)[share].to(device), visible).backward()
    net = model.module if isinstance(model, DistributedDataParallel) else model
    return {name: parameter.grad.cpu() for name, parameter in net.named_parameters()}


def save_gradients(rank: int, folder: str) -> None:
    """Leave the gradients that a process has after its share, as ``{rank}.pt``."""
    device = 'cuda' if dist.get_backend() == 'nccl' else 'cpu'
    size = BATCH // dist.get_world_size()
    # No unused parameters in pre-training, so DDP needs no search for them.
    model = DistributedDataParallel(make_model(device))
    share = slice(rank * size, (rank + 1) * size)
    torch.save(gradients_of(model, device, share), f'{folder}/{rank}.pt')
