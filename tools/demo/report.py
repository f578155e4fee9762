"""From the finished parts of ``tools/demo.py`` to its page, which is a report's page."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from mmengine.config import Config

from demo.classification import (
    TUNING,
    finding_of,
    gallery_section,
    loss_section,
    read_scores,
    scores_section,
)
from demo.transfer import Transfer, read_config, transfer_section
from mmcnx2.analysis.encoders import load_encoder
from mmcnx2.analysis.pictures import choose_images, read_batches
from mmcnx2.analysis.report.features import (
    FeatureQuality,
    features_section,
    measure_quality,
    untrained_like,
)
from mmcnx2.analysis.report.page import Page, Section
from mmcnx2.analysis.report.verdict import Facts, judge
from mmcnx2.analysis.training_log import read_training_log

SHOWN = 5  # reconstructed pictures
MEASURED = 200  # pictures whose features are looked at

COMMANDS = [
    ('The same with photos of your own', 'mmcnx2 pretrain photos/ --out runs/pre'),
    (
        'How much it gives with the labels that you have',
        'mmcnx2 compare labelled/ --arms scratch runs/pre --labels 10% 100% --out runs/compared',
    ),
]


@dataclass(kw_only=True)
class DemoRuns:
    """What has been done so far; folders are work folders. The page goes without what is missing.

    Attributes:
        scenes: Data set of tools/dataset_tools/make_scenes.py.
        pretraining: The pre-training.
        pretrained: Fine-tuning runs from the checkpoint, one a seed.
        scratch: Those without, in the same order.
        transfers: Task to the runs from the checkpoint and without.
        times: Part to seconds.
    """

    scenes: Path
    pretraining: Path
    pretrained: Sequence[Path] = ()
    scratch: Sequence[Path] = ()
    transfers: list[tuple[Transfer, Path, Path]] = field(default_factory=list)
    times: Mapping[str, float]


def write_report(folder: Path, runs: DemoRuns, *, took: float, smoke: bool = False) -> Path:
    """Write the page, and return its path, ``folder/index.html``.

    Args:
        folder: Where the page goes.
        runs: What it is about.
        took: Seconds since the demo was started.
        smoke: Say on the page that the sizes were tiny.
    """
    meta = json.loads((runs.scenes / 'meta.json').read_text())
    sizes, classes = meta['settings'], meta['object_classes']
    configs = [read_config(run) for run in (runs.pretraining, *runs.scratch[:1])]
    pictures = [sorted((runs.scenes / 'imagenet/val' / name).iterdir()) for name in classes]
    checkpoint = _checkpoint(runs.pretraining)
    features, quality = _features(checkpoint, configs[0], sum(pictures, []), sizes['size'])
    log = read_training_log(runs.pretraining)
    findings = judge(
        Facts(
            losses=log.losses, steps=max(log.steps), diversity=quality.diversity,
            rank=quality.ranks[-1],
        )
    )  # fmt: skip
    sections = [
        gallery_section(
            configs[0], checkpoint, [files[0] for files in pictures[:SHOWN]], sizes['size'],
        ),
    ]  # fmt: skip
    if runs.scratch:
        scores = read_scores(runs.pretrained, runs.scratch)
        findings.insert(0, finding_of(scores))
        sections.append(scores_section(scores, sizes, TUNING))
    sections += (transfer_section(*transfer, sizes) for transfer in runs.transfers)
    sections += [
        loss_section(runs.pretraining, configs[0].train_dataloader.batch_size),
        features,
        Section(title='Settings', table=_settings(configs, sizes)),
        _times(runs.times, took),
    ]
    page = folder / 'index.html'
    Page(
        title='FCMAE pre-training of a ConvNeXt V2: what it brought',
        findings=findings,
        notice='A smoke run with tiny sizes: its numbers mean nothing.' if smoke else '',
        story=_story(configs, sizes, len(classes)),
        commands=COMMANDS,
        sections=sections,
    ).write(page)
    return page


def _story(configs: Sequence[Config], sizes: dict, classes: int) -> str:
    told = (
        f'{_network(configs[0])} was pre-trained for {_epochs(configs[0])} on '
        f'{sizes["unlabelled"]} rendered pictures without labels: it sees '
        f'{100 - 100 * configs[0].model.masking.ratio:.0f} % of each picture and predicts the rest.'
    )
    if len(configs) == 1:
        return f'{told} The rest of this page comes as the demo goes on.'
    return (
        f'{told} Its encoder was then fine-tuned on {sizes["train"]} labelled pictures of '
        f'{classes} classes, and so was the same network from random weights, with the same steps, '
        'batches and augmentation.'
    )


def _features(
    checkpoint: str, config: Config, pictures: Sequence[Path], size: int
) -> tuple[Section, FeatureQuality]:
    encoder = load_encoder('pre-trained', checkpoint, config)
    paths = choose_images(list(map(str, pictures)), MEASURED)
    batches = [encoder.normalize(batch) for batch in read_batches(paths, size, batch_size=16)]
    quality, untrained = (
        measure_quality(net, batches) for net in (encoder.net, untrained_like(encoder.net))
    )
    found = {'pre-trained': quality}
    return features_section(found, untrained, pictures=len(paths)), quality


def _times(times: Mapping[str, float], took: float) -> Section:
    gpu = f' and {torch.cuda.get_device_name()}' if torch.cuda.is_available() else ''
    return Section(
        title='Times',
        table=[
            ['part', 'min:s'],
            *([part, clock(seconds)] for part, seconds in times.items()),
            ['from the start of the demo to this page', clock(took)],
        ],
        note=(
            f'On {os.cpu_count()} cores of {platform.machine()}{gpu}, torch {torch.__version__}. '
            'Several runs go on side by side; their times add up here, and include starting '
            'Python. Parts that an earlier start of the demo finished are not in the last line.'
        ),
    )


def clock(seconds: float) -> str:
    """Return a duration as ``m:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes}:{rest:02d}'


def _checkpoint(run: Path) -> str:
    return (run / 'last_checkpoint').read_text().strip()


def _settings(configs: Sequence[Config], sizes: dict) -> list[list[str]]:
    """Return a head and rows of (what, pre-training, fine-tuning as far as it is there)."""
    counts = (sizes['unlabelled'], sizes['train'])[: len(configs)]
    rows = {
        'network': lambda c, _: _network(c),
        'pictures': lambda c, n: f'{n}, {sizes["size"]} px',
        'length': lambda c, _: _epochs(c),
        'batch': lambda c, _: str(c.train_dataloader.batch_size),
        'optimizer': lambda c, _: c.optim_wrapper.optimizer.type,
        'highest learning rate': lambda c, _: f'{c.optim_wrapper.optimizer.lr:g}',
        'weight decay': lambda c, _: f'{c.optim_wrapper.optimizer.weight_decay:g}',
        'schedule': lambda c, _: (
            f'{count_of(c.param_scheduler[0].end, "epoch")} of warm-up, then half a cosine'
        ),
        'random crops, share of the area': lambda c, _: random_crops(c),
        'hidden': lambda c, _: f'{c.model.masking.ratio:.0%}' if 'masking' in c.model else 'none',
    }
    return [
        ['', 'pre-training', 'fine-tuning (both)'][: 1 + len(configs)],
        *(
            [what, *(row(config, count) for config, count in zip(configs, counts, strict=True))]
            for what, row in rows.items()
        ),
    ]


def _epochs(config: Config) -> str:
    return count_of(config.train_cfg.max_epochs, 'epoch')


def count_of(number: int, what: str) -> str:
    """Return a number of things in words: ``1 epoch``, ``2 epochs``."""
    return f'{number} {what}{"" if number == 1 else "s"}'


def _network(config: Config) -> str:
    arch = config.model.backbone.arch
    if isinstance(arch, str):
        return f'ConvNeXt V2 {arch}'
    return f'ConvNeXt V2 with depths {tuple(arch.depths)} and channels {tuple(arch.channels)}'


def random_crops(config: Config) -> str:
    """Say how the training pictures of a config are cropped."""
    for transform in config.train_dataloader.dataset.pipeline:
        if transform.type.endswith('RandomResizedCrop'):
            low, high = transform.crop_ratio_range
            mirrored = ', mirrored at random' if _mirrors(config) else ''
            return f'{low:g} to {high:g}, at {transform.scale} px{mirrored}'
    return 'none'


def _mirrors(config: Config) -> bool:
    pipeline = config.train_dataloader.dataset.pipeline
    return any(t.get('flip_prob') or (t.type == 'RandomFlip' and t.prob) for t in pipeline)
