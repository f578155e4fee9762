"""Few parameter groups, each of all parameters that have the same settings, and fused steps."""

from collections import Counter

import torch
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from mmengine.registry import OPTIMIZERS
from torch import nn

from mmcnx2.checks import check_types
from mmcnx2.registry import OPTIM_WRAPPER_CONSTRUCTORS

MEMBERS = ('params', 'param_names')
"""What a group says of its parameters; all else are settings."""
_FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)
_FUSED_ON = ('cpu', 'cuda')
_HOW = ('fused', 'foreach', 'capturable', 'differentiable')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class JoinedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's own constructor, whose groups are joined where they are alike.

    mmengine makes a group of each parameter as soon as there is a ``paramwise_cfg``, and torch
    takes a step group by group: 151 of them for atto, 391 for base, where two will do. Options,
    rates and weight decay of each parameter are mmengine's. A group bears ``param_names``.

    Adam, AdamW and SGD are fused, on a CPU and on CUDA, unless ``optimizer`` says how it is to
    compute (``fused``, ``foreach``, ``capturable`` or ``differentiable``).

    Args:
        optim_wrapper_cfg: The config's ``optim_wrapper``.
        paramwise_cfg: As for mmengine's.
    """

    @check_types
    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None):
        super().__init__(optim_wrapper_cfg, paramwise_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Return the optimizer of a model, in its wrapper."""
        if self._can_be_fused(model):
            self.optimizer_cfg = dict(self.optimizer_cfg, fused=True)
        return super().__call__(model)

    def add_params(self, params: list[dict], module: nn.Module, prefix: str = '', **kwargs) -> None:
        """Append the parameter groups of a module, as mmengine's constructor calls it.

        Args:
            params: Groups so far; changed in place.
            module: The model, and in deeper calls each of its modules.
            prefix: The module's name, empty for the model.

        Raises:
            ValueError: A parameter is in the model twice, and ``bypass_duplicate`` is not set.
        """
        super().add_params(params, module, prefix=prefix, **kwargs)
        if prefix:
            return
        names = {id(parameter): name for name, parameter in module.named_parameters()}
        for group in params:
            group['param_names'] = [names[id(parameter)] for parameter in group['params']]
        _check_once(params)
        params[:] = self._join(self.adjust(params, module))

    def adjust(self, groups: list[dict], model: nn.Module) -> list[dict]:
        """Change settings before groups are joined. Each group has one parameter."""
        return groups

    def _join(self, groups: list[dict]) -> list[dict]:
        # A group that names the optimizer's own value is like one that names none.
        keys = {key for group in groups for key in group} & self.optimizer_cfg.keys()
        common = {key: self.optimizer_cfg[key] for key in keys}
        return join_alike([{**common, **group} for group in groups])

    def _can_be_fused(self, model: nn.Module) -> bool:
        kind = self.optimizer_cfg['type']
        if isinstance(kind, str):
            with OPTIMIZERS.switch_scope_and_registry(None) as registry:
                kind = registry.get(kind)
        return (
            kind in _FUSED
            and not any(key in self.optimizer_cfg for key in _HOW)
            and all(
                p.is_floating_point() and p.device.type in _FUSED_ON for p in model.parameters()
            )
        )


def join_alike(groups: list[dict]) -> list[dict]:
    """Join parameter groups with equal settings, in the order in which each first comes.

    Args:
        groups: Parameter groups of an optimizer, with ``param_names``.
    """
    joined = {}
    for group in groups:
        settings = settings_of(group)
        alike = joined.setdefault(
            repr(sorted(settings.items())), {**settings, **{key: [] for key in MEMBERS}}
        )
        for key in MEMBERS:
            alike[key] += group[key]
    return list(joined.values())


def settings_of(group: dict) -> dict:
    """Return what a parameter group says of all its parameters alike."""
    return {key: value for key, value in group.items() if key not in MEMBERS}


def _check_once(groups: list[dict]) -> None:
    counts = Counter(name for group in groups for name in group['param_names'])
    name, count = counts.most_common(1)[0] if counts else ('', 1)
    if count > 1:
        raise ValueError(
            f"parameter '{name}' is in the model {count} times and would take as many steps: set "
            'optim_wrapper.paramwise_cfg.bypass_duplicate=True, which leaves it one.'
        )
