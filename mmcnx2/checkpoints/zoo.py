"""The published models: ``model-index.yml`` and the ``metafile.yml`` that it lists, as objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from torch import Tensor, nn


@dataclass(frozen=True)
class PublishedModel:
    """One entry of a metafile.

    Attributes:
        name: As other tools ask for it.
        collection: Name of the group that it belongs to.
        config: Path of the config that runs it, from the project's root.
        weights: Address of the checkpoint.
        license: License of the weights.
        training_data: Data sets, in the order of training.
        resolution: Side of the images in pixels.
        parameters: Number of parameters in the checkpoint.
        flops: Multiply-adds of one image.
        top1: Accuracy on ImageNet-1K's validation set in percent, None for a pre-trained encoder.
    """

    name: str
    collection: str
    config: str
    weights: str
    license: str
    training_data: tuple[str, ...]
    resolution: int
    parameters: int
    flops: int
    top1: float | None


def read_zoo(index: str | Path) -> list[PublishedModel]:
    """Read all published models.

    Args:
        index: ``model-index.yml``, or one ``metafile.yml``.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file is no such index, or an entry lacks a key.
    """
    index = Path(index)
    try:
        content = yaml.safe_load(index.read_text())
    except (yaml.YAMLError, UnicodeDecodeError):
        content = None
    if not isinstance(content, Mapping):
        raise ValueError(f"'{index}' is no index of models: give model-index.yml or a metafile.")
    models = []
    for path in content.get('Import', []):
        models += read_zoo(index.parent / path)
    for entry in content.get('Models', []):
        try:
            models.append(_read(entry))
        except KeyError as error:
            raise ValueError(f"'{index}': {entry.get('Name')} lacks the key {error}.") from None
    return models


def _read(entry: Mapping) -> PublishedModel:
    metadata, results = entry['Metadata'], entry['Results'] or []
    data = metadata['Training Data']
    return PublishedModel(
        name=entry['Name'],
        collection=entry['In Collection'],
        config=entry['Config'],
        weights=entry['Weights'],
        license=entry['License'],
        training_data=tuple([data] if isinstance(data, str) else data),
        resolution=metadata['Resolution'],
        parameters=metadata['Parameters'],
        flops=metadata['FLOPs'],
        top1=results[0]['Metrics']['Top 1 Accuracy'] if results else None,
    )


def misfits(
    model: nn.Module, tensors: Mapping[str, Tensor], *, parts: tuple[str, ...]
) -> list[str]:
    """Compare a checkpoint with a model, name by name and shape by shape.

    Args:
        model: Model of a config.
        tensors: The checkpoint's, in the model's names.
        parts: Prefixes of the model's names that the checkpoint must hold all of; '' is all of it.

    Returns:
        One sentence for each name that is missing, too many or of another shape; none if it fits.
    """
    own = {k: v for k, v in model.state_dict().items() if k.startswith(parts)}
    return [
        *(f'{name} is missing' for name in own if name not in tensors),
        *(f"{name} is not the model's" for name in tensors if name not in own),
        *(
            f'{name} is {tuple(tensors[name].shape)}, needs {tuple(tensor.shape)}'
            for name, tensor in own.items()
            if name in tensors and tensors[name].shape != tensor.shape
        ),
    ]
