"""The table of dialects: how each library names and shapes the parameters of a ConvNeXt V2.

A row pairs this package's name of a parameter with the dialect's. In both, ``{i}``, ``{j}`` and
``{k}`` stand for numbers, ``{n}`` for i + 1, ``{last}`` for the number of the last stage, ``{p}``
for ``weight`` or ``bias`` and ``{g}`` for ``gamma`` or ``beta``. Of several rows that fit a name
the first counts.

The encoder's rows are bare: before them stands whatever holds the encoder in a checkpoint, such as
``backbone.``; the rows of the decoder and of the head stand beside that.
"""

import re
from dataclasses import dataclass, replace

from mmcnx2.checkpoints.architecture import Architecture
from mmcnx2.checkpoints.forms import (
    AS_IS,
    CHANNELS_FIRST,
    CHANNELS_LAST,
    DEPTHWISE_KERNEL,
    KERNEL,
    POINTWISE,
    ROW,
    Form,
)


@dataclass(frozen=True)
class Row:
    """One kind of parameter: its name here, its name there, and its form there."""

    ours: str
    theirs: str
    form: Form = AS_IS


@dataclass(frozen=True)
class Dialect:
    """The state dict of one library.

    Attributes:
        name: What ``convert_state_dict(to=...)`` calls it.
        title: What a log calls it.
        encoder: Rows of the encoder, the final norm among them.
        beside: Rows of the decoder and of the head.
        container: What stands before the encoder's names where the library's model holds an encoder
            and something beside it that ``contained_with`` names.
        contained_with: Parts, of 'head' and 'decoder', beside which the encoder is contained.
        other_containers: What else may stand there in a state dict that is read.
    """

    name: str
    title: str
    encoder: tuple[Row, ...]
    beside: tuple[Row, ...]
    container: str = ''
    contained_with: tuple[str, ...] = ()
    other_containers: tuple[str, ...] = ()

    def beside_of(self, prefix: str) -> str:
        """Return what is before the names beside an encoder, whose own come after ``prefix``."""
        for container in filter(None, (self.container, *self.other_containers)):
            if prefix.endswith(container):
                return prefix.removesuffix(container)
        return prefix


def _rows(*rows: tuple) -> tuple[Row, ...]:
    return tuple(Row(*row) for row in rows)


_HEAD = 'head.fc.{p}'
_BLOCK = ('depthwise_conv.{p}', 'norm.{p}', 'pointwise_conv{k}.{p}', 'grn.{g}', 'gamma')

_OURS_ENCODER = _rows(
    ('downsample_layers.{i}.{k}.{p}', 'downsample_layers.{i}.{k}.{p}'),
    *((name, name) for name in ('stages.{i}.{j}.' + part for part in _BLOCK)),
    ('norm{i}.{p}', 'norm{i}.{p}'),
)
_OURS_DECODER = _rows(
    ('neck.proj.{p}', 'neck.proj.{p}'),
    ('neck.mask_token', 'neck.mask_token'),
    *((name, name) for name in ('neck.blocks.{j}.' + part for part in _BLOCK)),
    ('neck.pred.{p}', 'neck.pred.{p}'),
)
_OURS_HEAD = _rows((_HEAD, _HEAD))

MMCNX2 = Dialect(
    name='mmcnx2',
    title='mmcnx2 and mmpretrain',
    encoder=_OURS_ENCODER,
    beside=_OURS_DECODER + _OURS_HEAD,
    container='backbone.',
    contained_with=('head', 'decoder'),
)
MMPRETRAIN = Dialect(  # the same names, but no FCMAE
    name='mmpretrain',
    title='mmpretrain',
    encoder=_OURS_ENCODER,
    beside=_OURS_HEAD,
    container='backbone.',
    contained_with=('head',),
)


def _official_block(ours: str, theirs: str) -> tuple[tuple, ...]:
    return (
        (ours + 'depthwise_conv.{p}', theirs + 'dwconv.{p}'),
        (ours + 'norm.{p}', theirs + 'norm.{p}'),
        (ours + 'pointwise_conv{k}.{p}', theirs + 'pwconv{k}.{p}'),
        (ours + 'grn.{g}', theirs + 'grn.{g}', CHANNELS_LAST),
        (ours + 'gamma', theirs + 'gamma'),
    )


_OFFICIAL_DECODER = _rows(
    ('neck.proj.weight', 'proj.weight', POINTWISE),
    ('neck.proj.bias', 'proj.bias'),
    ('neck.mask_token', 'mask_token', CHANNELS_FIRST),
    *_official_block('neck.blocks.{j}.', 'decoder.{j}.'),
    ('neck.pred.weight', 'pred.weight', POINTWISE),
    ('neck.pred.bias', 'pred.bias'),
)

OFFICIAL = Dialect(
    name='official',
    title='official (dense)',
    encoder=_rows(
        ('downsample_layers.{i}.{k}.{p}', 'downsample_layers.{i}.{k}.{p}'),
        *_official_block('stages.{i}.{j}.', 'stages.{i}.{j}.'),
        ('norm{last}.{p}', 'norm.{p}'),
        ('norm{last}.{p}', 'norms.{last}.{p}'),  # DINOv3 has it under both names
    ),
    beside=_OFFICIAL_DECODER + _rows((_HEAD, 'head.{p}')),
    container='encoder.',
    contained_with=('decoder',),
)

OFFICIAL_SPARSE = Dialect(
    name='official_sparse',
    title='official FCMAE on MinkowskiEngine',
    encoder=_rows(
        # The stem is dense, and so is the decoder.
        ('downsample_layers.0.{k}.{p}', 'downsample_layers.0.{k}.{p}'),
        ('downsample_layers.{i}.0.{p}', 'downsample_layers.{i}.0.ln.{p}'),
        ('downsample_layers.{i}.1.weight', 'downsample_layers.{i}.1.kernel', KERNEL),
        ('downsample_layers.{i}.1.bias', 'downsample_layers.{i}.1.bias', ROW),
        ('stages.{i}.{j}.depthwise_conv.weight', 'stages.{i}.{j}.dwconv.kernel', DEPTHWISE_KERNEL),
        ('stages.{i}.{j}.depthwise_conv.bias', 'stages.{i}.{j}.dwconv.bias', ROW),
        ('stages.{i}.{j}.norm.{p}', 'stages.{i}.{j}.norm.ln.{p}'),
        ('stages.{i}.{j}.pointwise_conv{k}.{p}', 'stages.{i}.{j}.pwconv{k}.linear.{p}'),
        ('stages.{i}.{j}.grn.{g}', 'stages.{i}.{j}.grn.{g}', ROW),
    ),
    beside=_OFFICIAL_DECODER,
    container='encoder.',
    contained_with=('decoder',),
)


def _timm(mlp: Form) -> Dialect:
    return Dialect(
        name='timm',
        title='timm',
        encoder=_rows(
            ('downsample_layers.0.{k}.{p}', 'stem.{k}.{p}'),
            ('downsample_layers.{i}.{k}.{p}', 'stages.{i}.downsample.{k}.{p}'),
            ('stages.{i}.{j}.depthwise_conv.{p}', 'stages.{i}.blocks.{j}.conv_dw.{p}'),
            ('stages.{i}.{j}.norm.{p}', 'stages.{i}.blocks.{j}.norm.{p}'),
            (
                'stages.{i}.{j}.pointwise_conv{k}.weight',
                'stages.{i}.blocks.{j}.mlp.fc{k}.weight',
                mlp,
            ),
            ('stages.{i}.{j}.pointwise_conv{k}.bias', 'stages.{i}.blocks.{j}.mlp.fc{k}.bias'),
            ('stages.{i}.{j}.grn.gamma', 'stages.{i}.blocks.{j}.mlp.grn.weight'),
            ('stages.{i}.{j}.grn.beta', 'stages.{i}.blocks.{j}.mlp.grn.bias'),
            ('stages.{i}.{j}.gamma', 'stages.{i}.blocks.{j}.gamma'),
            ('norm{last}.{p}', 'head.norm.{p}'),
        ),
        beside=_rows((_HEAD, 'head.fc.{p}')),
    )


TIMM = _timm(AS_IS)
TIMM_NARROW = _timm(POINTWISE)
"""timm's atto, femto, pico and nano, whose linear layers are 1x1 convolutions (``conv_mlp``)."""
_NARROW_WIDTHS = (40, 48, 64, 80)

TIMM_FEATURES = replace(
    TIMM,
    name='timm_features',
    title='timm (features_only)',
    encoder=tuple(
        replace(row, theirs=re.sub(r'^(stem|stages)\.', r'\1_', row.theirs)) for row in TIMM.encoder
    ),
    beside=(),
)
"""What ``features_only=True`` holds, where stem and stages are one list: ``stages_0.blocks.0...``.

It is read alone: files that timm loads into it have the names of a whole model.
"""

HUGGING_FACE = Dialect(
    name='hf',
    title='Hugging Face',
    encoder=_rows(
        ('downsample_layers.0.0.{p}', 'embeddings.patch_embeddings.{p}'),
        ('downsample_layers.0.1.{p}', 'embeddings.layernorm.{p}'),
        ('downsample_layers.{i}.{k}.{p}', 'encoder.stages.{i}.downsampling_layer.{k}.{p}'),
        ('stages.{i}.{j}.depthwise_conv.{p}', 'encoder.stages.{i}.layers.{j}.dwconv.{p}'),
        ('stages.{i}.{j}.norm.{p}', 'encoder.stages.{i}.layers.{j}.layernorm.{p}'),
        ('stages.{i}.{j}.pointwise_conv{k}.{p}', 'encoder.stages.{i}.layers.{j}.pwconv{k}.{p}'),
        ('stages.{i}.{j}.grn.gamma', 'encoder.stages.{i}.layers.{j}.grn.weight', CHANNELS_LAST),
        ('stages.{i}.{j}.grn.beta', 'encoder.stages.{i}.layers.{j}.grn.bias', CHANNELS_LAST),
        ('norm{last}.{p}', 'layernorm.{p}'),
        ('norm{i}.{p}', 'hidden_states_norms.stage{n}.{p}'),
    ),
    beside=_rows((_HEAD, 'classifier.{p}')),
    container='convnextv2.',
    contained_with=('head',),
)
HUGGING_FACE_V1 = replace(
    HUGGING_FACE,
    encoder=HUGGING_FACE.encoder
    + _rows(('stages.{i}.{j}.gamma', 'encoder.stages.{i}.layers.{j}.layer_scale_parameter')),
    container='convnext.',
    other_containers=('convnextv2.',),
)
"""V1, which is a model of its own there; it has V2's names, too."""

HUGGING_FACE_DINOV3 = Dialect(
    name='hf_dinov3',
    title="Hugging Face's DINOv3",
    encoder=_rows(
        ('downsample_layers.{i}.{k}.{p}', 'stages.{i}.downsample_layers.{k}.{p}'),
        ('stages.{i}.{j}.norm.{p}', 'stages.{i}.layers.{j}.layer_norm.{p}'),
        *(
            ('stages.{i}.{j}.' + part, 'stages.{i}.layers.{j}.' + part)
            for part in ('depthwise_conv.{p}', 'pointwise_conv{k}.{p}', 'gamma')
        ),
        ('norm{last}.{p}', 'layer_norm.{p}'),
    ),
    beside=(),
)

TORCHVISION = Dialect(  # numbers stems, stages and downsamples in one list
    name='torchvision',
    title='torchvision',
    encoder=_rows(
        *(
            (f'downsample_layers.{s}.{{k}}.{{p}}', f'features.{2 * s}.{{k}}.{{p}}')
            for s in range(4)
        ),
        *(
            (f'stages.{s}.{{j}}.{ours}', f'features.{2 * s + 1}.{{j}}.{theirs}')
            for s in range(4)
            for ours, theirs in (
                ('depthwise_conv.{p}', 'block.0.{p}'),
                ('norm.{p}', 'block.2.{p}'),
                ('pointwise_conv1.{p}', 'block.3.{p}'),
                ('pointwise_conv2.{p}', 'block.5.{p}'),
                ('gamma', 'layer_scale'),
            )
        ),
        ('norm3.{p}', 'classifier.0.{p}'),
    ),
    beside=_rows((_HEAD, 'classifier.2.{p}')),
)

DIALECTS = {
    dialect.name: dialect
    for dialect in (MMCNX2, MMPRETRAIN, OFFICIAL, OFFICIAL_SPARSE, TIMM, HUGGING_FACE)
}
"""By the name that ``convert_state_dict(to=...)`` takes."""

READABLE = (
    MMCNX2,
    OFFICIAL,
    OFFICIAL_SPARSE,
    TIMM,
    TIMM_FEATURES,
    HUGGING_FACE_V1,
    HUGGING_FACE_DINOV3,
    TORCHVISION,
)
"""Those that a state dict is compared with. mmpretrain's is a part of mmcnx2's."""


def dialect_for(name: str, architecture: Architecture) -> Dialect:
    """Return how a library stores a model.

    Args:
        name: Key of :data:`DIALECTS`.
        architecture: The model's. timm builds its four narrowest with 1x1 convolutions, and Hugging
            Face calls V1 another model, and one that gives maps of several stages, too.
    """
    if name == 'timm' and architecture.channels[0] in _NARROW_WIDTHS:
        return TIMM_NARROW
    if name == 'hf':
        dialect = HUGGING_FACE_V1 if architecture.version == 'V1' else HUGGING_FACE
        return _as_backbone(dialect) if architecture.gives_maps else dialect
    return DIALECTS[name]


def _as_backbone(dialect: Dialect) -> Dialect:
    """Return Hugging Face's ``...Backbone``, which has a norm for each map and no other."""
    rows = tuple(row for row in dialect.encoder if row.theirs != 'layernorm.{p}')
    return replace(dialect, encoder=rows)
