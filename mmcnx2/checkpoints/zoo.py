"""The published models: ``model-index.yml`` and the ``metafile.yml`` that it lists, as objects."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from torch import Tensor, nn

from mmcnx2.checkpoints.integrity import digest_in_name


@dataclass(frozen=True)
class PublishedModel:
    """One entry of a metafile.

    Attributes:
        name: As other tools ask for it.
        collection: Name of the group that it belongs to.
        config: Path of the config that runs it, from the project's root, None for weights that no
            config is for.
        weights: Address of the checkpoint, its authors'.
        license: License of the weights.
        training_data: Data sets, in the order of training.
        resolution: Side of the images in pixels.
        parameters: Number of parameters in the checkpoint.
        flops: Multiply-adds of one image.
        top1: Accuracy on ImageNet-1K's validation set in percent, None for a pre-trained encoder.
        copy: Address of the same weights elsewhere, None if there is none.
        aliases: What other libraries call it, and shorter names.
    """

    name: str
    collection: str
    config: str | None
    weights: str
    license: str
    training_data: tuple[str, ...]
    resolution: int
    parameters: int
    flops: int
    top1: float | None
    copy: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it can be fetched from; first the one whose name holds a digest to check it by."""
        addresses = filter(None, (self.weights, self.copy))
        return tuple(sorted(addresses, key=lambda url: digest_in_name(url) is None))

    @property
    def digest(self) -> str | None:
        """First 8 hexadecimal digits of the first address's SHA-256, None where it tells none."""
        return digest_in_name(self.addresses[0])

    @property
    def size(self) -> str:
        """Name of its size, such as 'atto'."""
        return re.search(r'convnext(?:v2)?-([a-z]+)_', self.name)[1]

    @property
    def version(self) -> str:
        """'V2' or 'V1'."""
        return 'V2' if 'convnextv2-' in self.name else 'V1'


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
        copy=entry.get('Copy'),
        aliases=tuple(entry.get('Aliases', ())),
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
