"""From the finished parts of ``tools/demo.py`` to its page."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from mmengine.config import Config

from demo.classification import (
    gallery_section,
    loss_section,
    read_arms,
    scores_section,
)
from demo.features import activations_section, diversity_section
from demo.page import DemoPage, Section
from demo.transfer import Transfer, read_config, transfer_section
from mmcnx2.analysis.comparison import verdict
from mmcnx2.analysis.encoders import load_encoder
from mmcnx2.outputs import claim_folder


@dataclass(kw_only=True)
class DemoRuns:
    """What has been done so far; folders are work folders.

    Attributes:
        scenes: Data set of tools/dataset_tools/make_scenes.py.
        pretraining: The pre-training.
        pretrained: Fine-tuning runs from the checkpoint, one a seed.
        scratch: Those without, in the same order.
        transfers: Task to the runs from the checkpoint and without; the page goes without if empty.
        without_grn: The pre-training of V1, if there is one.
        times: Part to seconds.
    """

    scenes: Path
    pretraining: Path
    pretrained: Sequence[Path]
    scratch: Sequence[Path]
    transfers: list[tuple[Transfer, Path, Path]] = field(default_factory=list)
    without_grn: Path | None = None
    times: Mapping[str, float]


def write_report(folder: Path, runs: DemoRuns, *, smoke: bool = False) -> Path:
    """Draw the pictures, write the page, and return its path, ``folder/index.html``.

    Args:
        folder: Where the page goes.
        runs: What it is about.
        smoke: Say on the page that the sizes were tiny.
    """
    meta = json.loads((runs.scenes / 'meta.json').read_text())
    sizes, classes = meta['settings'], meta['object_classes']
    configs = [read_config(runs.pretraining), read_config(runs.scratch[0])]
    arms = read_arms(runs.pretrained, runs.scratch)
    pictures = [sorted((runs.scenes / 'imagenet/val' / name).iterdir()) for name in classes]
    images = folder / 'images'
    claim_folder(images, 'demo')
    epochs = configs[0].train_cfg.max_epochs
    sections = [
        scores_section(images, arms, sizes, configs[1].get('tuning', '')),
        *(transfer_section(images, *transfer, sizes) for transfer in runs.transfers),
        gallery_section(
            images, configs[0], _checkpoint(runs.pretraining),
            [files[0] for files in pictures[:8]], sizes['size'],
        ),
        *_features(images, runs, sum(pictures, []), sizes['size']),
        loss_section(
            images, runs.pretraining,
            -(-sizes['unlabelled'] // configs[0].train_dataloader.batch_size),
        ),
    ]  # fmt: skip
    page = folder / 'index.html'
    DemoPage(
        result=verdict(*arms),
        notice='A smoke run with tiny sizes: its numbers mean nothing.' if smoke else '',
        story=(
            f'{_network(configs[0])} was pre-trained for {epochs} epochs on '
            f'{sizes["unlabelled"]} rendered pictures without labels: it sees '
            f'{100 - 100 * configs[0].model.masking.ratio:.0f} % of each picture and predicts the '
            f'rest. Its encoder was then fine-tuned on {sizes["train"]} labelled pictures of '
            f'{len(classes)} classes, and so was the same network from random weights, with the '
            'same steps, batches and augmentation.'
        ),
        sections=sections,
        settings=_settings(configs, sizes),
        times=runs.times,
        times_note=(
            f'On {os.cpu_count()} cores of {platform.machine()}'
            + (f' and {torch.cuda.get_device_name()}' if torch.cuda.is_available() else '')
            + f', torch {torch.__version__}. The two runs of a pair share the machine. Times '
            'include starting Python.'
        ),
    ).write(page)
    return page


def _features(images: Path, runs: DemoRuns, pictures: list[Path], size: int) -> list[Section]:
    if runs.without_grn is None:
        return []
    encoders = {
        name: load_encoder(name, _checkpoint(run), read_config(run))
        for name, run in (('V1 (no GRN)', runs.without_grn), ('V2', runs.pretraining))
    }
    return [
        diversity_section(images, encoders, pictures, size),
        activations_section(images, encoders, pictures[0], size),
    ]


def _checkpoint(run: Path) -> str:
    return (run / 'last_checkpoint').read_text().strip()


def _settings(configs: Sequence[Config], sizes: dict) -> list[list[str]]:
    """Return a head and rows of (what, pre-training, fine-tuning)."""
    counts = (sizes['unlabelled'], sizes['train'])
    rows = {
        'network': lambda c, _: _network(c),
        'pictures': lambda c, n: f'{n}, {sizes["size"]} px',
        'epochs': lambda c, _: str(c.train_cfg.max_epochs),
        'batch': lambda c, _: str(c.train_dataloader.batch_size),
        'optimizer': lambda c, _: c.optim_wrapper.optimizer.type,
        'highest learning rate': lambda c, _: f'{c.optim_wrapper.optimizer.lr:g}',
        'weight decay': lambda c, _: f'{c.optim_wrapper.optimizer.weight_decay:g}',
        'schedule': lambda c, _: f'{c.param_scheduler[0].end} epochs warm-up, then half a cosine',
        'random crops, share of the area': lambda c, _: _crops(c),
        'hidden': lambda c, _: f'{c.model.masking.ratio:.0%}' if 'masking' in c.model else 'none',
    }
    return [
        ['', 'pre-training', 'fine-tuning (both)'],
        *(
            [what, *(row(config, count) for config, count in zip(configs, counts, strict=True))]
            for what, row in rows.items()
        ),
    ]


def _network(config: Config) -> str:
    arch = config.model.backbone.arch
    if isinstance(arch, str):
        return f'ConvNeXt V2 {arch}'
    return f'ConvNeXt V2 with depths {tuple(arch.depths)} and channels {tuple(arch.channels)}'


def _crops(config: Config) -> str:
    for transform in config.train_dataloader.dataset.pipeline:
        if transform.type == 'RandomResizedCrop':
            low, high = transform.crop_ratio_range
            return f'{low:g} to {high:g}, mirrored at random'
    return 'none'
