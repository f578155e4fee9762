"""Weights and optimizer state shared out over processes (FSDP2), whole in every checkpoint."""

from typing import Any

import torch.distributed as dist
from mmengine.device import get_device
from mmengine.utils import apply_to
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer

from mmcnx2.nn.block import ConvNeXtV2Block
from mmcnx2.nn.convnextv2 import ConvNeXtV2

# Inner ones first: what a unit has is gathered when the unit computes. The encoder is one of its
# own because it is also called by itself, for features.
UNITS = (ConvNeXtV2Block, ConvNeXtV2)


def shard(model: nn.Module) -> nn.Module:
    """Share a model's parameters out over all processes, in place.

    Each ConvNeXt block is gathered by itself when it computes, so is what is left of the encoder,
    and of the model.

    ``state_dict()`` goes on returning whole tensors on the CPU and ``load_state_dict()`` taking
    them, so that checkpoints are those of a model that is not shared out. Both take all processes.

    Args:
        model: With equal parameters in all processes, on their device.
    """
    mesh = init_device_mesh(get_device(), (dist.get_world_size(),))
    for kind in UNITS:
        for module in [m for m in model.modules() if isinstance(m, kind)]:
            fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)
    for module in model.modules():
        if any(isinstance(p, DTensor) for p in module.parameters(recurse=False)):
            module.register_state_dict_post_hook(_gather_own)
            module.register_load_state_dict_pre_hook(_share_out_own)
    return model


def keep_state_whole(optimizer: Optimizer) -> None:
    """Have an optimizer of a shared-out model save and load whole tensors, as the model does."""
    optimizer.register_state_dict_post_hook(lambda _, state: gather(state))
    optimizer.register_load_state_dict_pre_hook(_share_out_state)


def gather(tree: Any) -> Any:
    """Return nested containers with each shared-out tensor whole, on the CPU."""
    return apply_to(tree, lambda x: isinstance(x, DTensor), lambda x: x.full_tensor().cpu())


def _share_out(whole: Any, like: Tensor) -> Any:
    """Return a process's part of a tensor that is a parameter's, or belongs to each entry of it."""
    if not isinstance(whole, Tensor) or isinstance(whole, DTensor) or whole.shape != like.shape:
        return whole
    return distribute_tensor(whole.to(like.device), like.device_mesh, like.placements)


def _own(module: nn.Module, prefix: str) -> dict[str, DTensor]:
    own = module.named_parameters(recurse=False)
    return {prefix + name: value for name, value in own if isinstance(value, DTensor)}


def _gather_own(module: nn.Module, state_dict: dict, prefix: str, _) -> None:
    for name in _own(module, prefix):
        state_dict[name] = gather(state_dict[name])


def _share_out_own(module: nn.Module, state_dict: dict, prefix: str, *_) -> None:
    # Runs behind the hooks of the modules around this one, which translate foreign names.
    for name, parameter in _own(module, prefix).items():
        if name in state_dict:
            state_dict[name] = _share_out(state_dict[name], parameter)


def _share_out_state(optimizer: Optimizer, state_dict: dict) -> dict:
    parameters = [p for group in optimizer.param_groups for p in group['params']]
    numbers = [number for group in state_dict['param_groups'] for number in group['params']]
    state = {
        number: {key: _share_out(value, parameter) for key, value in entry.items()}
        for number, parameter in zip(numbers, parameters, strict=True)
        if (entry := state_dict['state'].get(number)) is not None
    }
    return dict(state_dict, state=state)
