"""Sections of the demo's page on pre-training and on classification with few labels."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from demo.charts import draw_gallery, draw_loss_curve, draw_scores
from demo.page import Section
from mmcnx2.analysis.comparison import Arm
from mmcnx2.analysis.reconstruction import load_fcmae, reconstruct_files
from mmcnx2.analysis.training_log import read_training_log

GALLERY_SEED = 0  # of the masks; neither it nor the pictures were chosen by their looks


def read_arms(pretrained: Sequence[Path], scratch: Sequence[Path]) -> list[Arm]:
    """Return the top-1 of the fine-tuning runs, from the checkpoint and without it.

    Args:
        pretrained: Work folders of the runs from the checkpoint, one a seed.
        scratch: Those without, in the same order.
    """
    return [
        Arm(name, [read_training_log(run).scores['accuracy/top1'] for run in runs])
        for name, runs in (('pre-trained', pretrained), ('from scratch', scratch))
    ]


def scores_section(images: Path, arms: Sequence[Arm], sizes: dict, tuning: str) -> Section:
    """Draw the scores.

    Args:
        images: Folder of the page's pictures.
        arms: To compare.
        sizes: Settings of the scenes.
        tuning: How the settings were chosen, a sentence.
    """
    draw_scores(
        images / 'scores.png',
        {arm.name: arm.scores for arm in arms},
        chance=100 / sizes['classes'],
    )
    seeds = [f'seed {i}' for i in range(len(arms[0].scores))]
    return Section(
        title='Classification with few labels',
        image='images/scores.png',
        alt='Top-1 accuracy of every run, by arm',
        table=[
            ['top-1, %', 'mean ± spread', *seeds],
            *(
                [arm.name, f'{arm.mean:.1f} ± {arm.spread:.1f}', *(f'{s:.1f}' for s in arm.scores)]
                for arm in arms
            ),
        ],
        note=(
            f'Top-1 after the last epoch, on {sizes["val"]} pictures that neither training saw. A '
            'seed decides the initial weights that are not loaded, the order and the augmentation; '
            'the spread is the standard deviation over the seeds. All seeds share one pre-training '
            f'run and one set of pictures. {tuning}'
        ),
    )


def gallery_section(
    images: Path, config: Config, checkpoint: str, pictures: Sequence[Path], size: int
) -> Section:
    """Draw reconstructions.

    Args:
        images: Folder of the page's pictures.
        config: Config of the pre-training.
        checkpoint: Its weights.
        pictures: Files to reconstruct.
        size: Their side in pixels.
    """
    model = load_fcmae(config, checkpoint)
    result = reconstruct_files(model, pictures, size=size, seed=GALLERY_SEED)
    draw_gallery(images / 'gallery.png', result)
    return Section(
        title='Reconstructions of held-out pictures',
        image='images/gallery.png',
        alt='Rows: originals, what the encoder saw, hidden patches filled in',
        wide=True,
        note=(
            'The first picture of each class in the test folder, with random masks. The model is '
            'trained to predict the contrast inside a patch; mean and contrast of a hidden patch '
            'are taken from the original to show its prediction in color.'
        ),
    )


def loss_section(images: Path, pretraining: Path, steps_an_epoch: int) -> Section:
    """Draw the loss of the pre-training.

    Args:
        images: Folder of the page's pictures.
        pretraining: Work folder of the pre-training.
        steps_an_epoch: Iterations in one epoch.
    """
    log = read_training_log(pretraining)
    draw_loss_curve(images / 'loss.png', log.steps, log.losses, steps_an_epoch=steps_an_epoch)
    return Section(
        title='Pre-training loss',
        image='images/loss.png',
        alt='Pre-training loss over the epochs',
        note=(
            'Mean squared error on the hidden patches, each normalized to mean 0 and variance 1: '
            'predicting the mean everywhere would give 1.'
        ),
    )
