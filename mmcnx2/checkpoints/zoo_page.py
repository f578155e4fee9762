"""``docs/model_zoo.md``, made from the metafiles."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from mmcnx2.checkpoints.zoo import PublishedModel

_INTRODUCTION = """\
# Model zoo

The official weights of ConvNeXt V2, published by the paper's authors under {licenses} (no
commercial use) and listed here from `configs/*/metafile.yml`. Every config takes them as they are,
by address or path, without conversion:

```sh
# Start from an encoder; test a classifier.
python tools/train.py CONFIG --cfg-options model.backbone.init_cfg.type=Pretrained \\
    model.backbone.init_cfg.checkpoint=ADDRESS
python tools/test.py CONFIG ADDRESS
```

The log names what was recognized, and the keys that were missing or unused. To take weights to
another library, see [checkpoints.md](checkpoints.md).

`python tools/model_converters/verify_zoo.py` downloads every file below and holds it against its
config, shape by shape; with `--data-root data/imagenet` it reproduces the accuracies. Top-1 is the
paper's, on ImageNet-1K's validation set; FLOPs are multiply-adds at the resolution.
"""

_SECTIONS = (
    (
        'Pre-trained encoders (FCMAE)',
        'Trained on ImageNet-1K without labels, to fine-tune from. Without decoder, final norm and '
        'head.',
        lambda model: model.top1 is None,
    ),
    (
        'ImageNet-1K classifiers',
        'Pre-trained with FCMAE, fine-tuned on ImageNet-1K.',
        lambda model: model.training_data == ('ImageNet-1k',) and model.top1 is not None,
    ),
    (
        'ImageNet-1K classifiers, by way of ImageNet-22K',
        'Pre-trained with FCMAE, fine-tuned on ImageNet-22K, then on ImageNet-1K.',
        lambda model: model.training_data == ('ImageNet-22k', 'ImageNet-1k'),
    ),
)
_HEADER = ('model', 'pixels', 'parameters', 'FLOPs', 'top-1', 'config', 'weights')


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
        f'[config](../{model.config})',
        f'[{PurePosixPath(model.weights).name}]({model.weights})',
    ]
