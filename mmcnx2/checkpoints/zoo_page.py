"""``docs/model_zoo.md``, made from the metafiles."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from mmcnx2.checkpoints.zoo import PublishedModel

_INTRODUCTION = """\
# Model zoo

The weights that have a name here, listed from `configs/*/metafile.yml`. Those of ConvNeXt V2 are
the official ones, published by the paper's authors; every config takes them as they are, by name,
address or path, without conversion:

```sh
# Start from an encoder; test a classifier.
python tools/train.py CONFIG --cfg-options model.backbone.init_cfg.type=Pretrained \\
    model.backbone.init_cfg.checkpoint=fcmae_convnextv2-base
python tools/test.py CONFIG convnextv2-base_fcmae-pre_in1k
```

```python
from mmcnx2.nn import ConvNeXtV2

net = ConvNeXtV2.from_pretrained('fcmae_convnextv2-base')
```

A name is fetched once, into torch's cache, by https, and held against the digest in the file's
name; where the authors' file has none, OpenMMLab's copy of it comes first. The license is said.
Without network, the error names the address, and the place where a file that was fetched elsewhere
belongs. mmpretrain's, timm's and Hugging Face's names of the same weights are known, too.

**Licenses are the weights' own**: {licenses}. CC-BY-NC excludes commercial use; DINOv3 has
[one of its own](https://ai.meta.com/resources/models-and-libraries/dinov3-license/). They hold for
what you train from these weights, too.

The log names what was recognized, and the keys that were missing or unused. To take weights to
another library, see [checkpoints.md](checkpoints.md).

`python tools/model_converters/verify_zoo.py` downloads every file of V2 and holds it against its
config, shape by shape; with `--data-root data/imagenet` it reproduces the accuracies. Top-1 is the
paper's, on ImageNet-1K's validation set; FLOPs are multiply-adds at the resolution.
"""

_1K, _22K = ('ImageNet-1k',), ('ImageNet-22k', 'ImageNet-1k')
_SECTIONS = (
    (
        'Pre-trained encoders (FCMAE)',
        'Trained on ImageNet-1K without labels, to fine-tune from. Without decoder, final norm and '
        'head.',
        lambda model: (model.version, model.top1) == ('V2', None),
    ),
    (
        'ImageNet-1K classifiers',
        'Pre-trained with FCMAE, fine-tuned on ImageNet-1K.',
        lambda model: (
            model.version == 'V2' and model.training_data == _1K and model.top1 is not None
        ),
    ),
    (
        'ImageNet-1K classifiers, by way of ImageNet-22K',
        'Pre-trained with FCMAE, fine-tuned on ImageNet-22K, then on ImageNet-1K.',
        lambda model: model.version == 'V2' and model.training_data == _22K,
    ),
    (
        'ConvNeXt V1: DINOv3',
        'Encoders with a final norm, distilled without labels. The backbone takes them with '
        '`use_grn=False, layer_scale_init_value=1e-6`, which `ConvNeXtV2.from_pretrained` reads '
        "from the weights. The authors give their file to whoever fills in a form; timm's copy is "
        'fetched where it is not in the cache.',
        lambda model: (model.version, model.top1) == ('V1', None),
    ),
    (
        'ConvNeXt V1: ImageNet-1K classifiers',
        'Trained with labels alone, on ImageNet-1K or by way of ImageNet-22K. The same arguments.',
        lambda model: model.version == 'V1' and model.top1 is not None,
    ),
)
_HEADER = ('model', 'pixels', 'parameters', 'FLOPs', 'top-1', 'license', 'config', 'weights')


def zoo_page(models: Iterable[PublishedModel]) -> str:
    """Return the page as Markdown.

    Raises:
        ValueError: A model belongs to none of the page's sections, or to several.
    """
    models = list(models)
    for model in models:
        sections = [title for title, _, belongs in _SECTIONS if belongs(model)]
        if len(sections) != 1:
            raise ValueError(f'{model.name} belongs to {len(sections)} sections of the model zoo.')
    licenses = ', '.join(sorted({model.license for model in models}))
    parts = [_INTRODUCTION.format(licenses=licenses)]
    for title, about, belongs in _SECTIONS:
        table = [_HEADER, ['---'] * len(_HEADER), *map(_row, filter(belongs, models))]
        parts += [f'## {title}\n', f'{about}\n']
        parts.append('\n'.join(f'| {" | ".join(row)} |' for row in table) + '\n')
    return '\n'.join(parts)


def _row(model: PublishedModel) -> list[str]:
    return [
        model.name,
        str(model.resolution),
        f'{model.parameters / 1e6:.1f} M',
        f'{model.flops / 1e9:.3g} G',
        '' if model.top1 is None else f'{model.top1:.1f} %',
        model.license,
        '' if model.config is None else f'[config](../{model.config})',
        f'[{PurePosixPath(model.weights).name}]({model.weights})',
    ]
