"""mmseg's segmentor, one key of which is enough for another size or number of classes."""

from mmseg.models.segmentors import EncoderDecoder as _EncoderDecoder

from mmcnx2.models.references import WithReferences
from mmcnx2.registry import MODELS


@MODELS.register_module()
class EncoderDecoder(WithReferences, _EncoderDecoder):
    """mmseg's ``EncoderDecoder``: a backbone and the heads that label its pixels."""
