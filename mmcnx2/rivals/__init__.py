"""What the paper compares with: steps in GRN's place, other decoders, other encoders.

Each is here to be measured against, not to be used. Importing this registers them:
``custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])`` in a config.
"""

from mmcnx2.registry import MODELS
from mmcnx2.rivals import channel_response, feature_norms, gating, grn_variant  # noqa: F401
from mmcnx2.rivals.dense_fcmae import DenseFCMAE
from mmcnx2.rivals.skip_fcmae import SkipFCMAE
from mmcnx2.rivals.transformer_decoder import TransformerDecoder
from mmcnx2.rivals.unet_decoder import SkipUNetDecoder, UNetDecoder

for decoder in (SkipUNetDecoder, TransformerDecoder, UNetDecoder):
    MODELS.register_module(module=decoder)

__all__ = ['DenseFCMAE', 'SkipFCMAE', 'SkipUNetDecoder', 'TransformerDecoder', 'UNetDecoder']
