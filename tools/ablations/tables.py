"""The paper's ablations: each row's configs and top-1 on ImageNet (ConvNeXt V2 paper)."""

from dataclasses import dataclass

V1_PRETRAINING = 'ablations/fcmae_convnext-base_64xb64-amp-coslr-800e_in1k'
V2_PRETRAINING = 'fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k'
V1_FINETUNING = 'ablations/convnext-base_fcmae-800e-pre_32xb32-amp-coslr-100e_in1k'
V2_FINETUNING = 'ablations/convnextv2-base_fcmae-800e-pre_32xb32-amp-coslr-100e_in1k'


@dataclass(frozen=True)
class Row:
    """One way of training.

    Attributes:
        name: In the table.
        pretraining: Config below ``configs/``, without its ending; None for from scratch.
        finetuning: Config of the classifier, likewise.
        paper: Top-1 in percent that the paper prints, None where it prints none.
    """

    name: str
    pretraining: str | None
    finetuning: str
    paper: float | None


@dataclass(frozen=True)
class Ablation:
    """A table or a figure of the paper.

    Attributes:
        title: What it varies.
        rows: In the paper's order.
        scales: At which ``tools/ablate.py`` can run it.
    """

    title: str
    rows: tuple[Row, ...]
    scales: tuple[str, ...] = ('scenes', 'real')


def _v1(name: str, part: str, paper: float) -> Row:
    """A row that changes V1's pre-training alone."""
    return Row(name, V1_PRETRAINING.replace('_64x', f'_{part}_64x'), V1_FINETUNING, paper)


def _v2(name: str, part: str, paper: float | None) -> Row:
    """A row with another step in GRN's place."""
    return Row(
        name,
        f'ablations/fcmae_convnextv2-base-{part}_64xb64-amp-coslr-800e_in1k',
        V2_FINETUNING.replace('-base_', f'-base-{part}_'),
        paper,
    )


def _mask(percent: int) -> Row:
    stem = f'ablations/fcmae_convnextv2-base_mask{percent}_64xb64-amp-coslr-800e_in1k'
    return Row(f'{percent} %', stem, V2_FINETUNING, None)


def _supervised(name: str, model: str, paper: float) -> Row:
    return Row(name, None, f'convnext_v2/{model}_64xb64-amp-coslr-300e_in1k', paper)


def _large(row: Row) -> Row:
    """The same row at the size large; its number is not the same."""
    configs = [c and c.replace('-base', '-large') for c in (row.pretraining, row.finetuning)]
    return Row(row.name, *configs, LARGE[row.name])


LARGE = {'V1 Sup': 84.3, 'V1 FCMAE': 84.4, 'V2 Sup': 84.5, 'V2 FCMAE': 85.6}
_BASELINE = Row('baseline (V1)', V1_PRETRAINING, V1_FINETUNING, 83.7)
_GRN = Row('GRN', V2_PRETRAINING, V2_FINETUNING, 84.6)
_CODESIGN = (
    _supervised('V1 Sup', 'convnext-base', 83.8),
    Row('V1 FCMAE', V1_PRETRAINING, V1_FINETUNING, 83.7),
    _supervised('V2 Sup', 'convnextv2-base', 84.3),
    Row('V2 FCMAE', V2_PRETRAINING, V2_FINETUNING, 84.6),
)

ABLATIONS = {
    '1a': Ablation(
        'decoder (Table 1a)',
        (
            _v1('UNet with skips', 'decoder-unet-skip', 83.7),
            _v1('UNet without skips', 'decoder-unet', 83.5),
            _v1('Transformer', 'decoder-transformer', 83.4),
            Row('ConvNeXt block', V1_PRETRAINING, V1_FINETUNING, 83.7),
        ),
    ),
    '1b': Ablation(
        'blocks of the decoder (Table 1b)',
        (
            Row('1', V1_PRETRAINING, V1_FINETUNING, 83.7),
            _v1('2', 'decoder-depth2', 83.5),
            _v1('4', 'decoder-depth4', 83.7),
            _v1('8', 'decoder-depth8', 83.6),
            _v1('12', 'decoder-depth12', 83.3),
        ),
    ),
    '1c': Ablation(
        "the decoder's width (Table 1c)",
        (
            _v1('128', 'decoder-width128', 83.5),
            _v1('256', 'decoder-width256', 83.7),
            Row('512', V1_PRETRAINING, V1_FINETUNING, 83.7),
            _v1('768', 'decoder-width768', 83.6),
            _v1('1024', 'decoder-width1024', 83.5),
        ),
    ),
    'sparse': Ablation(
        'sparse convolution in the encoder (section 3.1)',
        (
            _v1('without', 'dense-encoder', 79.3),
            Row('with', V1_PRETRAINING, V1_FINETUNING, 83.7),
        ),
    ),
    '2a': Ablation(
        "GRN's aggregation (Table 2a)",
        (
            _v2('global average', 'grn-average', 83.7),
            _v2('L1 norm', 'grn-l1', 84.3),
            Row('L2 norm', V2_PRETRAINING, V2_FINETUNING, 84.6),
        ),
    ),
    '2b': Ablation(
        "GRN's normalization (Table 2b)",
        (
            _v2('standardize', 'grn-standardize', 84.5),
            _v2('1 / sum', 'grn-inverse-mean', 83.8),
            Row('divide by the sum', V2_PRETRAINING, V2_FINETUNING, 84.6),
        ),
    ),
    '2c': Ablation(
        "GRN's residual (Table 2c)",
        (
            _v2('without', 'grn-no-residual', 84.0),
            Row('with', V2_PRETRAINING, V2_FINETUNING, 84.6),
        ),
    ),
    '2d': Ablation(
        'normalization after GELU (Table 2d)',
        (
            _BASELINE,
            _v2('LRN', 'lrn', 83.2),
            _v2('BN', 'bn', 80.5),
            _v2('LN', 'ln', 83.8),
            _GRN,
        ),
    ),
    '2e': Ablation(
        'gating after GELU (Table 2e)',
        (_BASELINE, _v2('SE', 'se', 84.4), _v2('CBAM', 'cbam', 84.5), _GRN),
    ),
    '2f': Ablation(
        'GRN in pre-training and at fine-tuning (Table 2f)',
        (
            _BASELINE,
            Row(
                'dropped at fine-tuning',
                V2_PRETRAINING,
                V2_FINETUNING.replace('-base_', '-base-grn-dropped_'),
                78.8,
            ),
            Row(
                'added at fine-tuning',
                V1_PRETRAINING,
                V2_FINETUNING.replace('-base_', '-base-grn-added_'),
                80.6,
            ),
            Row('both', V2_PRETRAINING, V2_FINETUNING, 84.6),
        ),
    ),
    '3': Ablation('architecture and pre-training, base (Table 3)', _CODESIGN),
    '3-large': Ablation(
        'architecture and pre-training, large (Table 3)',
        tuple(map(_large, _CODESIGN)),
        scales=('real',),
    ),
    '16': Ablation(
        "GRN's components (Table 16)",
        (
            _BASELINE,
            _v2('affine alone', 'affine', 83.9),
            _v2('X * G(X)', 'grn-no-normalization', 83.9),
            _v2('X * N(X)', 'site-normalization', None),  # the paper: unstable
            Row('X * N(G(X))', V2_PRETRAINING, V2_FINETUNING, 84.6),
        ),
    ),
    'fig8': Ablation(
        'share of hidden patches (Figure 8)',
        (
            *map(_mask, (10, 20, 30, 40, 50)),
            Row('60 %', V2_PRETRAINING, V2_FINETUNING, 84.6),
            *map(_mask, (70, 80, 90)),
        ),
    ),
}
"""Key on the command line to what is run.

Figure 8's points are drawn, not printed; at 60 % it is the model of the other tables.
"""
