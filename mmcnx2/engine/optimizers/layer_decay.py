"""Layer-wise learning-rate decay for mmpretrain's, mmdet's and mmseg's models alike."""

import logging
from functools import partial

from mmengine.logging import print_log
from torch import nn

from mmcnx2.checks import check_choice, check_types
from mmcnx2.engine.optimizers.joined import JoinedOptimWrapperConstructor
from mmcnx2.nn.layer_depth import LAYER_DECAY_TYPES
from mmcnx2.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayOptimWrapperConstructor(JoinedOptimWrapperConstructor):
    """Let layers near the input learn slower; the backbone's ``get_layer_depth`` counts them.

    Every option of mmengine's own constructor works too, in ``paramwise_cfg``;
    ``flat_decay_mult=0.0`` takes weight decay off all 1-D parameters, which are biases, norms, GRN,
    LayerScale and the mask token. Parameters of one layer with the same options share a group,
    which bears ``lr_scale``, ``layer_id`` and ``param_names``::

        optim_wrapper = dict(
            constructor='mmcnx2.LayerDecayOptimWrapperConstructor',
            paramwise_cfg=dict(
                layer_decay_type='single',  # or 'group', 'stage'
                layer_decay_rate=0.9,
                flat_decay_mult=0.0,
            ),
        )

    Args:
        optim_wrapper_cfg: The config's ``optim_wrapper``.
        paramwise_cfg: The dict above.

    Raises:
        ValueError: ``layer_decay_type`` or ``layer_decay_rate`` missing, unknown or out of range,
            or a model whose ``backbone`` has no ``get_layer_depth``.
    """

    @check_types
    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None):
        paramwise_cfg = dict(paramwise_cfg or {})
        missing = {'layer_decay_type', 'layer_decay_rate'} - paramwise_cfg.keys()
        if missing:
            raise ValueError(
                f'paramwise_cfg lacks {" and ".join(sorted(missing))}: layer-wise decay needs a '
                "type, such as 'single', and a rate, such as 0.9."
            )
        self.layer_decay_type = paramwise_cfg.pop('layer_decay_type')
        self.layer_decay_rate = paramwise_cfg.pop('layer_decay_rate')
        check_choice(tuple(LAYER_DECAY_TYPES), layer_decay_type=self.layer_decay_type)
        rate = self.layer_decay_rate
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
            raise ValueError(f'layer_decay_rate={rate!r} must be above 0 and at most 1.')
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        # The base class looks at nothing but its own options if it is given none.
        self.paramwise_cfg.setdefault('custom_keys', {})

    def adjust(self, groups: list[dict], model: nn.Module) -> list[dict]:
        """Scale the rate of each parameter by its layer; return them layer by layer."""
        depth_of = self._depth_function(model)
        for group in groups:
            layer, layers = depth_of(group['param_names'][0])
            scale = self.layer_decay_rate ** (layers - layer - 1)
            group['lr'] = group.get('lr', self.base_lr) * scale
            group.update(lr_scale=scale, layer_id=layer)
        groups = sorted(groups, key=lambda group: group['layer_id'])
        self._report(groups)
        return groups

    def _depth_function(self, model: nn.Module) -> partial:
        backbone = getattr(model, 'backbone', None)
        if not hasattr(backbone, 'get_layer_depth'):
            raise ValueError(
                f'{type(model).__name__} has a backbone of type {type(backbone).__name__}, which '
                'cannot count its layers (no get_layer_depth): use mmcnx2.ConvNeXtV2, or no '
                'layer-wise decay.'
            )
        return partial(
            backbone.get_layer_depth, prefix='backbone.', layer_decay_type=self.layer_decay_type
        )

    def _report(self, groups: list[dict]) -> None:
        rates = {group['layer_id']: group['lr_scale'] for group in groups}
        listed = ', '.join(f'{layer}: {scale:.3g}' for layer, scale in rates.items())
        print_log(
            f"Layer-wise decay, type '{self.layer_decay_type}', rate {self.layer_decay_rate}; "
            f'scale of the learning rate by layer: {listed}',
            logger='current',
            level=logging.INFO,
        )
