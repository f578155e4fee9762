"""mmengine's Runner for models that do not fit a GPU: FSDP2 instead of DDP."""

from mmengine.device import get_device
from mmengine.dist import broadcast, is_main_process
from mmengine.hooks import EMAHook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import nn

from mmcnx2.engine.runners.sharding import keep_state_whole, shard
from mmcnx2.registry import RUNNERS


@RUNNERS.register_module()
class ShardedRunner(Runner):
    """Train with PyTorch's FSDP2: each process holds its share of weights, gradients and state.

    ``--cfg-options runner_type=mmcnx2.ShardedRunner`` turns it on for any config. Checkpoints are
    those of ``Runner`` under DDP or on one process, and each goes on from those of the others.
    Without a launcher nothing is shared out.

    Raises:
        ValueError: The config has a ``model_wrapper_cfg``, or averages weights with an
            ``EMAHook``, which copies the model.
    """

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Initialize a model, as long as it is whole, and share it out."""
        if not self.distributed:
            return super().wrap_model(model_wrapper_cfg, model)
        if model_wrapper_cfg is not None:
            raise ValueError(
                f'model_wrapper_cfg={model_wrapper_cfg} wraps the model in another way than '
                "ShardedRunner: take it out of the config, or train with runner_type='Runner'."
            )
        model = model.to(get_device())
        if hasattr(model, 'init_weights'):
            model.init_weights()
        for tensor in model.state_dict().values():
            broadcast(tensor)
        return shard(model)

    def _init_model_weights(self) -> None:
        if not self.distributed:
            super()._init_model_weights()

    def build_optim_wrapper(self, optim_wrapper: OptimWrapper | dict) -> OptimWrapper:
        """Build the optimizer of the shared-out parameters."""
        wrapper = super().build_optim_wrapper(optim_wrapper)
        if self.distributed:
            keep_state_whole(wrapper.optimizer)
        return wrapper

    def register_hooks(self, default_hooks=None, custom_hooks=None) -> None:
        """Register hooks, which must not copy the model."""
        super().register_hooks(default_hooks, custom_hooks)
        if self.distributed and any(isinstance(hook, EMAHook) for hook in self.hooks):
            raise ValueError(
                'an EMAHook copies the model, which cannot be done once it is shared out: take it '
                "out of custom_hooks, or train with runner_type='Runner'."
            )

    def save_checkpoint(
        self, out_dir: str, filename: str, *args, save_optimizer: bool = True, **kwargs
    ) -> None:
        """Save as ``Runner`` does; all processes must call it, since each holds a share."""
        if self.distributed and not is_main_process():
            # What the main process asks for, in its order.
            self.model.state_dict()
            if save_optimizer:
                self.optim_wrapper.state_dict()
            return
        super().save_checkpoint(out_dir, filename, *args, save_optimizer=save_optimizer, **kwargs)
