"""From the finished parts of ``tools/demo.py`` to its page."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config

from mmcnx2.analysis.charts import draw_gallery, draw_loss_curve, draw_scores
from mmcnx2.analysis.comparison import Arm
from mmcnx2.analysis.demo_page import DemoPage
from mmcnx2.analysis.reconstruction import load_fcmae, reconstruct_files
from mmcnx2.analysis.training_log import read_training_log

GALLERY_SEED = 0  # of the masks; neither it nor the pictures were chosen by their looks


def write_report(
    folder: Path,
    *,
    scenes: Path,
    pretraining: Path,
    checkpoint: str,
    pretrained: Sequence[Path],
    scratch: Sequence[Path],
    smoke: bool = False,
) -> Path:
    """Draw the pictures, write the page, and return its path, ``folder/index.html``.

    Args:
        folder: Where the page goes, beside ``scenes/done.json``.
        scenes: Data set of tools/dataset_tools/make_scenes.py.
        pretraining: Work folder of the pre-training.
        checkpoint: Its weights.
        pretrained: Work folders of the fine-tuning runs from the checkpoint, one a seed.
        scratch: Those without, in the same order.
        smoke: Say on the page that the sizes were tiny.
    """
    meta = json.loads((scenes / 'meta.json').read_text())
    sizes, classes = meta['settings'], meta['object_classes']
    configs = [_config(pretraining), _config(scratch[0])]
    log = read_training_log(pretraining)
    arms = [
        Arm(name, [read_training_log(run).scores['accuracy/top1'] for run in runs])
        for name, runs in (('pre-trained', pretrained), ('from scratch', scratch))
    ]

    images = folder / 'images'
    images.mkdir(exist_ok=True)
    epochs = configs[0].train_cfg.max_epochs
    steps_an_epoch = -(-sizes['unlabelled'] // configs[0].train_dataloader.batch_size)
    draw_loss_curve(images / 'loss.png', log.steps, log.losses, steps_an_epoch=steps_an_epoch)
    draw_scores(
        images / 'scores.png', {arm.name: arm.scores for arm in arms}, chance=100 / len(classes)
    )
    pictures = [sorted((scenes / 'imagenet/val' / name).iterdir())[0] for name in classes[:8]]
    model = load_fcmae(configs[0], checkpoint)
    draw_gallery(
        images / 'gallery.png',
        reconstruct_files(model, pictures, size=sizes['size'], seed=GALLERY_SEED),
    )

    page = folder / 'index.html'
    DemoPage(
        pretrained=arms[0],
        scratch=arms[1],
        notice='A smoke run with tiny sizes: its numbers mean nothing.' if smoke else '',
        story=(
            f'{_network(configs[0])} was pre-trained for {epochs} epochs on '
            f'{sizes["unlabelled"]} rendered pictures without labels: it sees '
            f'{100 - 100 * configs[0].model.masking.ratio:.0f} % of each picture and predicts the '
            f'rest. Its encoder was then fine-tuned on {sizes["train"]} labelled pictures of '
            f'{len(classes)} classes, and so was the same network from random weights, with the '
            'same steps, batches and augmentation.'
        ),
        scores_image='images/scores.png',
        scores_note=(
            f'Top-1 after the last epoch, on {sizes["val"]} pictures that neither training saw. A '
            'seed decides the initial weights that are not loaded, the order and the augmentation; '
            'the spread is the standard deviation over the seeds. All seeds share one pre-training '
            f'run and one set of pictures. {configs[1].get("tuning", "")}'
        ),
        gallery_image='images/gallery.png',
        gallery_note=(
            'The first picture of each class in the test folder, with random masks. The model is '
            'trained to predict the contrast inside a patch; mean and contrast of a hidden patch '
            'are taken from the original to show its prediction in colour.'
        ),
        loss_image='images/loss.png',
        loss_note=(
            'Mean squared error on the hidden patches, each normalised to mean 0 and variance 1: '
            'predicting the mean everywhere would give 1.'
        ),
        settings=_settings(configs, sizes),
        times=_times(folder, pretraining, pretrained, scratch),
        times_note=(
            f'On {os.cpu_count()} cores of {platform.machine()}'
            + (f' and {torch.cuda.get_device_name()}' if torch.cuda.is_available() else '')
            + f', torch {torch.__version__}. The two runs of a pair share the machine. Times '
            'include starting Python.'
        ),
    ).write(page)
    return page


def _config(part: Path) -> Config:
    """Read the config that mmengine left in a work folder."""
    return Config.fromfile(next(part.glob('*.py')))


def _settings(configs: Sequence[Config], sizes: dict) -> list[tuple[str, str, str]]:
    """Rows of (what, pre-training, fine-tuning)."""
    counts = (sizes['unlabelled'], sizes['train'])
    rows = {
        'network': lambda c, _: _network(c),
        'pictures': lambda c, n: f'{n}, {sizes["size"]} px',
        'epochs': lambda c, _: str(c.train_cfg.max_epochs),
        'batch': lambda c, _: str(c.train_dataloader.batch_size),
        'optimiser': lambda c, _: c.optim_wrapper.optimizer.type,
        'highest learning rate': lambda c, _: f'{c.optim_wrapper.optimizer.lr:g}',
        'weight decay': lambda c, _: f'{c.optim_wrapper.optimizer.weight_decay:g}',
        'schedule': lambda c, _: f'{c.param_scheduler[0].end} epochs warm-up, then half a cosine',
        'random crops, share of the area': lambda c, _: _crops(c),
        'hidden': lambda c, _: f'{c.model.masking.ratio:.0%}' if 'masking' in c.model else 'none',
    }
    return [
        (what, *(row(config, count) for config, count in zip(configs, counts, strict=True)))
        for what, row in rows.items()
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


def _times(
    folder: Path, pretraining: Path, pretrained: Sequence[Path], scratch: Sequence[Path]
) -> dict[str, float]:
    def seconds(part: Path) -> float:
        return json.loads((part / 'done.json').read_text())['seconds']

    return {
        'rendering the pictures': seconds(folder / 'scenes'),
        'pre-training': seconds(pretraining),
        f'fine-tuning, {len(scratch)} pairs of runs': sum(
            max(map(seconds, pair)) for pair in zip(pretrained, scratch, strict=True)
        ),
    }
