"""The backbone as OpenMMLab's configs build it: by name, with ``init_cfg``."""

from inspect import Parameter, signature

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor

from mmcnx2.checks import check_types
from mmcnx2.nn.convnextv2 import ConvNeXtV2 as _ConvNeXtV2
from mmcnx2.nn.ops.choice import describe_ops
from mmcnx2.registry import MODELS


@MODELS.register_module()
class ConvNeXtV2(_ConvNeXtV2, BaseModule):
    __doc__ = f"""{_ConvNeXtV2.__doc__}
    As OpenMMLab's backbone it takes two more arguments, and the maps of whole images lie in memory
    channel by channel, as those of the toolboxes' own do: some of their heads take no others.

    Args:
        init_cfg: mmengine's initialization config, such as
            ``dict(type='Pretrained', checkpoint=..., prefix='backbone.')``.
        pretrained: None, which the toolboxes' model bases pass to any backbone.

    Raises:
        ValueError: Any other ``pretrained``: weights come by ``init_cfg``.
    """

    def __init__(self, *args, init_cfg=None, pretrained=None, **kwargs):
        if pretrained is not None:
            raise ValueError(
                f'pretrained={pretrained!r}, but weights come by '
                "init_cfg=dict(type='Pretrained', checkpoint=..., prefix='backbone.'): say "
                'pretrained=None.'
            )
        super().__init__(*args, **kwargs)
        self.init_cfg = init_cfg
        print_log(f'{type(self).__name__}: {describe_ops(self.ops)}.', logger='current')

    def forward(self, images: Tensor, visible: Tensor | None = None) -> tuple[Tensor, ...] | Tensor:
        """Compute feature maps; see :meth:`mmcnx2.nn.ConvNeXtV2.forward`."""
        maps = super().forward(images, visible)
        return tuple(map(Tensor.contiguous, maps)) if visible is None else maps

    # The arguments of both, for whoever asks: people, inspect, check_types.
    __init__.__signature__ = signature(_ConvNeXtV2.__init__).replace(
        parameters=[
            *signature(_ConvNeXtV2.__init__).parameters.values(),
            Parameter('init_cfg', Parameter.KEYWORD_ONLY, default=None,
                      annotation=dict | list[dict] | None),
            Parameter('pretrained', Parameter.KEYWORD_ONLY, default=None),
        ]
    )  # fmt: skip
    __init__ = check_types(__init__)
