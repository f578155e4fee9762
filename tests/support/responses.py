"""Every step that the paper tried in GRN's place, as a network takes it."""

import mmcnx2.rivals  # noqa: F401  (registers them)

RESPONSES = {
    'grn': 'grn',
    'grn-average': dict(type='grn_variant', aggregate='average'),
    'grn-l1': dict(type='grn_variant', aggregate='l1'),
    'grn-standardize': dict(type='grn_variant', normalize='standardize'),
    'grn-inverse-mean': dict(type='grn_variant', normalize='inverse_mean'),
    'grn-no-residual': dict(type='grn_variant', residual=False),
    'grn-no-normalization': dict(type='grn_variant', normalize='nothing'),
    'affine': 'affine',
    'site-normalization': 'site_normalization',
    'lrn': 'lrn',
    'bn': 'bn',
    'ln': 'ln',
    'se': dict(type='se', reduction=2),  # toy networks are too narrow for 16
    'cbam': dict(type='cbam', reduction=2),
}
