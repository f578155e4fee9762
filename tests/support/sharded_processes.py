"""What processes of DDP and of FSDP2 do in tests; importable, since they are spawned."""

import torch
import torch.distributed as dist
from mmengine.model import MMDistributedDataParallel
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from mmcnx2.nn.block import ConvNeXtV2Block
from tests.support.fcmae import make_fcmae
from tests.support.toy import make_images, make_visible

BATCH = 4
WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


def wrap(kind: str) -> nn.Module:
    """Build the toy FCMAE on one process, under DDP, or sharded by FSDP2, block by block."""
    model = make_fcmae()
    match kind:
        case 'one process':
            return model
        case 'ddp':
            return MMDistributedDataParallel(model, find_unused_parameters=False)
        case 'fsdp2':
            mesh = init_device_mesh('cpu', (dist.get_world_size(),))
            for block in [m for m in model.modules() if isinstance(m, ConvNeXtV2Block)]:
                fully_shard(block, mesh=mesh)
            return fully_shard(model, mesh=mesh)
    raise ValueError(kind)


def fcmae_gradients(model: nn.Module, share: slice = slice(None)) -> dict[str, Tensor]:
    """Return FCMAE's gradients after one backward over a share of a batch with set masks."""
    net = model.module if hasattr(model, 'module') else model
    visible = make_visible(BATCH, 2, 3, 2)[share]
    net.draw_mask = lambda _: visible
    model(make_images(BATCH, 64, 96)[share], mode='loss')['loss'].backward()
    return {name: parameter.grad for name, parameter in net.named_parameters()}


def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=1e-3)


def take_step(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Take a step on this process's share of a batch, and return the whole gradients."""
    distributed = dist.is_initialized()
    rank, size = (dist.get_rank(), dist.get_world_size()) if distributed else (0, 1)
    share = BATCH // size
    gradients = fcmae_gradients(model, slice(rank * share, (rank + 1) * share))
    whole = {name: _whole(gradient).clone() for name, gradient in gradients.items()}
    optimizer.step()
    optimizer.zero_grad()
    return whole


def save(model: nn.Module, optimizer: torch.optim.Optimizer, path: str) -> None:
    """Save a checkpoint that any other kind can load."""
    state = dict(
        model=get_model_state_dict(model, options=WHOLE),
        optimizer=get_optimizer_state_dict(model, optimizer, options=WHOLE),
    )
    if not dist.is_initialized() or dist.get_rank() == 0:
        torch.save(state, path)


def load(model: nn.Module, optimizer: torch.optim.Optimizer, path: str) -> None:
    state = torch.load(path, weights_only=True)
    set_model_state_dict(model, state['model'], options=StateDictOptions(full_state_dict=True))
    set_optimizer_state_dict(
        model, optimizer, state['optimizer'], options=StateDictOptions(full_state_dict=True)
    )


def two_steps(rank: int, folder: str) -> None:
    """Under DDP and under FSDP2: step, save; load what each saved, step again, save."""
    for kind in ('ddp', 'fsdp2'):
        model = wrap(kind)
        optimizer = optimizer_of(model)
        torch.save(take_step(model, optimizer), f'{folder}/{kind}-gradients-{rank}.pt')
        save(model, optimizer, f'{folder}/{kind}.pt')
        dist.barrier()
    for kind in ('ddp', 'fsdp2'):
        for source in ('ddp', 'fsdp2'):
            continue_from(source, kind, folder)


def continue_from(source: str, kind: str, folder: str) -> None:
    """Load one kind's checkpoint into another kind, take a step and save."""
    model = wrap(kind)
    optimizer = optimizer_of(model)
    load(model, optimizer, f'{folder}/{source}.pt')
    take_step(model, optimizer)
    save(model, optimizer, f'{folder}/{source}-then-{kind}.pt')


def _whole(gradient: Tensor) -> Tensor:
    return gradient.full_tensor() if hasattr(gradient, 'full_tensor') else gradient
