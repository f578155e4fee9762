"""What follows GELU in a block: GRN, nothing (V1), or one of the rivals that the paper tried.

Each is an :class:`mmcnx2.models.after_gelu.AfterGELU`, chosen by name when a network is built.
"""

from torch import nn

from mmcnx2.models.grn import GRN, GRN_SCOPES
from mmcnx2.models.rivals.channel_response import Affine, SiteNormalization
from mmcnx2.models.rivals.feature_norms import BatchNorm, LayerNorm, LocalResponseNorm
from mmcnx2.models.rivals.gating import CBAM, SE
from mmcnx2.models.rivals.grn_variant import GRNVariant

RESPONSES: dict[str, type[nn.Module]] = {
    'grn': GRN,
    'grn_variant': GRNVariant,
    'affine': Affine,
    'site_normalization': SiteNormalization,
    'lrn': LocalResponseNorm,
    'bn': BatchNorm,
    'ln': LayerNorm,
    'se': SE,
    'cbam': CBAM,
}
"""Name to module; ``grn_variant`` takes options."""


def build_response(
    channels: int,
    response: str | dict | None = None,
    *,
    use_grn: bool = True,
    grn_scope: str = 'image',
) -> nn.Module | None:
    """Return the module that follows GELU, None for nothing.

    Args:
        channels: Of the expanded features, 4C.
        response: A key of :data:`RESPONSES`, or ``dict(type=key, **options)``; None for what the
            other two say.
        use_grn: GRN (V2) or nothing (V1).
        grn_scope: 'image' (the paper), or 'batch' (the official PyTorch pre-training).

    Raises:
        ValueError: An unknown name, or a ``response`` that the other two contradict.
    """
    if grn_scope not in GRN_SCOPES:
        raise ValueError(f'grn_scope={grn_scope!r} is unknown: use one of image, batch.')
    if response is None:
        return GRN_SCOPES[grn_scope](channels) if use_grn else None
    if not use_grn or grn_scope != 'image':
        raise ValueError(
            f'response={response!r} says what follows GELU, and so do use_grn={use_grn} and '
            f'grn_scope={grn_scope!r}: leave those two out.'
        )
    options = dict(type=response) if isinstance(response, str) else dict(response)
    name = options.pop('type', None)
    if name not in RESPONSES:
        raise ValueError(f'response={response!r} is unknown: use one of {", ".join(RESPONSES)}.')
    return RESPONSES[name](channels, **options)
