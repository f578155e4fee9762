"""The backbone as OpenMMLab's configs build it: by name, with ``init_cfg``."""

from mmengine.logging import print_log
from mmengine.model import BaseModule

from mmcnx2.checks import check_types
from mmcnx2.nn.convnextv2 import ConvNeXtV2 as _ConvNeXtV2
from mmcnx2.nn.ops.choice import describe_ops
from mmcnx2.registry import MODELS


@MODELS.register_module()
class ConvNeXtV2(_ConvNeXtV2, BaseModule):
    __doc__ = _ConvNeXtV2.__doc__

    @check_types
    def __init__(self, *args, init_cfg: dict | list[dict] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.init_cfg = init_cfg
        print_log(f'{type(self).__name__}: {describe_ops(self.ops)}.', logger='current')
