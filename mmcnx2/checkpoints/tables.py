"""What ``mmcnx2 models`` prints: the sizes, and the published weights, as rows of words."""

from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints.published import list_published
from mmcnx2.checkpoints.zoo import PublishedModel

WHERE = {
    'atto': 'the first try, on any machine: a CPU pre-trains it, few images do',
    'femto': 'when a longer run of atto no longer helps',
    'pico': 'when a longer run of femto no longer helps',
    'nano': 'one GPU; the smallest with published weights by way of ImageNet-22K',
    'tiny': 'one GPU and a long run, or published weights; the usual size of detectors',
    'base': 'several GPUs, or published weights',
    'large': 'many GPUs, or published weights; gains the most by pre-training',
    'huge': 'published weights; training it takes several GPUs that share its weights',
}
"""Where each size starts to make sense: rules of thumb, from what it costs and what it gains."""

TOP1_WITHOUT = dict(atto=76.2, femto=78.0, pico=79.7, nano=81.2, tiny=82.5, base=84.3, large=84.5)
"""Top-1 on ImageNet-1K in percent of the same network, trained with labels alone (Table 14)."""


def size_rows() -> list[tuple[str, ...]]:
    """Return the table of the sizes, its header first.

    Parameters and multiply-adds of a 224 px image are the encoder's; top-1 is the paper's (Table
    14), on ImageNet-1K with pre-training, and how much that is above labels alone.
    """
    models = {(m.size, m.top1 is None): m for m in list_published() if _is_v2_in1k(m)}
    rows = [
        ('size', 'parameters', 'multiply-adds', 'top-1', 'gain', 'where it starts to make sense')
    ]
    for size in ARCHS:
        encoder, classifier = models[size, True], models[size, False]
        without = TOP1_WITHOUT.get(size)
        gain = '' if without is None else f'{classifier.top1 - without:+.1f}'
        cost = (_millions(encoder), f'{encoder.flops / 1e9:.3g} G')
        rows.append((size, *cost, _percent(classifier), gain, WHERE[size]))
    return rows


def weight_rows() -> list[tuple[str, ...]]:
    """Return the table of the published weights, its header first.

    Top-1 is on ImageNet-1K, empty for encoders without head; 'pixels' is the side of the images.
    """
    rows = [('name', 'blocks', 'parameters', 'pixels', 'top-1', 'trained on', 'license')]
    for model in list_published():
        data = ', then '.join(model.training_data)
        size = (_millions(model), str(model.resolution))
        rows.append((model.name, model.version, *size, _percent(model), data, model.license))
    return rows


def _is_v2_in1k(model: PublishedModel) -> bool:
    return model.version == 'V2' and model.training_data == ('ImageNet-1k',)


def _millions(model: PublishedModel) -> str:
    return f'{model.parameters / 1e6:.1f} M'


def _percent(model: PublishedModel) -> str:
    return '' if model.top1 is None else f'{model.top1:.1f} %'
