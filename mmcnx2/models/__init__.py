"""The backbone, FCMAE and its parts.

Where mmengine is there, importing this registers them and lets mmengine load any dialect into them.
"""

from importlib.util import find_spec

if find_spec('mmengine') is None:
    # A machine with torch alone (a benchmark, a kernel test) still gets the backbone.
    from mmcnx2.models.convnextv2 import ARCHS, ConvNeXtV2

    __all__ = ['ARCHS', 'ConvNeXtV2']
else:
    from mmcnx2.checkpoints import mmengine_loading
    from mmcnx2.models.backbone import ConvNeXtV2
    from mmcnx2.models.convnextv2 import ARCHS
    from mmcnx2.models.decoder import FCMAEDecoder
    from mmcnx2.models.fcmae import FCMAE, Reconstruction
    from mmcnx2.models.masking import RandomMasking
    from mmcnx2.models.pretrain_head import FCMAEPretrainHead
    from mmcnx2.models.rivals.dense_fcmae import DenseFCMAE
    from mmcnx2.models.rivals.skip_fcmae import SkipFCMAE
    from mmcnx2.models.rivals.transformer_decoder import TransformerDecoder
    from mmcnx2.models.rivals.unet_decoder import SkipUNetDecoder, UNetDecoder
    from mmcnx2.registry import MODELS

    for decoder in (FCMAEDecoder, SkipUNetDecoder, TransformerDecoder, UNetDecoder):
        MODELS.register_module(module=decoder)

    __all__ = [
        'ARCHS',
        'ConvNeXtV2',
        'DenseFCMAE',
        'FCMAE',
        'FCMAEDecoder',
        'FCMAEPretrainHead',
        'RandomMasking',
        'Reconstruction',
        'SkipFCMAE',
        'SkipUNetDecoder',
        'TransformerDecoder',
        'UNetDecoder',
    ]

    mmengine_loading.install()
