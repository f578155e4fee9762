"""mmpretrain's classifier, one key of which is enough for another size or number of classes."""

from mmpretrain.models.classifiers import ImageClassifier as _ImageClassifier

from mmcnx2.models.references import WithReferences
from mmcnx2.registry import MODELS


@MODELS.register_module()
class ImageClassifier(WithReferences, _ImageClassifier):
    """mmpretrain's ``ImageClassifier``: a backbone, perhaps a neck, and a head."""
