"""Sections of the demo's page on pre-training and on classification with few labels."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

from mmengine.config import Config

from demo.charts import draw_scores
from mmcnx2.analysis.gain import RULE
from mmcnx2.analysis.label_efficiency import Scores
from mmcnx2.analysis.reconstruction import load_fcmae, reconstruct_files
from mmcnx2.analysis.report.curves import curves_section
from mmcnx2.analysis.report.galleries import reconstructions_section
from mmcnx2.analysis.report.page import Picture, Section
from mmcnx2.analysis.report.verdict import Finding
from mmcnx2.analysis.training_log import read_scalars, read_training_log

GALLERY_SEED = 0  # of the masks; neither it nor the pictures were chosen by their looks
SCRATCH, PRETRAINED = 'from scratch', 'pre-trained'
ALL = 1.0  # of the labels are used
TUNING = (
    'Rates of 5e-4, 1e-3 and 2e-3 were tried for both, a run each, on pictures that hold these: '
    'about 34, 54 and 41 % from a checkpoint, 18, 17 and 15 % from scratch; both take 1e-3.'
)
"""How the settings were chosen, for both arms."""


def read_scores(pretrained: Sequence[Path], scratch: Sequence[Path]) -> Scores:
    """Return the top-1 of the fine-tuning runs, as ``mmcnx2 compare`` compares arms.

    Args:
        pretrained: Work folders of the runs from the checkpoint, one a seed.
        scratch: Those without, in the same order.
    """
    return Scores(
        metric='top-1',
        arms=[SCRATCH, PRETRAINED],
        shares=[ALL],
        found={
            (arm, ALL, seed): read_training_log(run).scores['accuracy/top1']
            for arm, runs in ((SCRATCH, scratch), (PRETRAINED, pretrained))
            for seed, run in enumerate(runs)
        },
    )


def finding_of(scores: Scores) -> Finding:
    """Say what came out, whichever way it went."""
    gain = scores.gain(PRETRAINED, ALL)
    kind = 'no clear difference'
    if gain.is_clear:
        kind = 'pre-training helps' if gain.mean > 0 else 'pre-training hurts'
    return Finding(kind, *scores.sentences(), rule=RULE, good=gain.is_clear and gain.mean > 0)


def scores_section(scores: Scores, sizes: dict, tuning: str) -> Section:
    """Draw the scores.

    Args:
        scores: To compare.
        sizes: Settings of the scenes.
        tuning: How the settings were chosen, a sentence.
    """
    seeds = scores.of(SCRATCH, ALL)
    rows = [['top-1, %', 'mean ± spread', *(f'seed {seed}' for seed in seeds)]]
    for arm in reversed(scores.arms):
        values = list(scores.of(arm, ALL).values())
        spread = stdev(values) if len(values) > 1 else 0.0
        rows.append([arm, f'{mean(values):.1f} ± {spread:.1f}', *(f'{v:.1f}' for v in values)])
    figure = draw_scores(scores, chance=100 / sizes['classes'])
    return Section(
        title='Classification with few labels',
        pictures=[Picture.of(figure, 'top-1 accuracy of every run, by arm')],
        table=rows,
        note=(
            f'Top-1 after the last epoch, on {sizes["val"]} pictures that neither training saw. A '
            'seed decides the initial weights that are not loaded, the order and the augmentation; '
            'the spread is the standard deviation over the seeds. All seeds share one pre-training '
            f'run and one set of pictures. {tuning}'
        ),
    )


def gallery_section(
    config: Config, checkpoint: str, pictures: Sequence[Path], size: int
) -> Section:
    """Draw reconstructions.

    Args:
        config: Config of the pre-training.
        checkpoint: Its weights.
        pictures: Files to reconstruct.
        size: Their side in pixels.
    """
    model = load_fcmae(config, checkpoint)
    result = reconstruct_files(model, pictures, size=size, seed=GALLERY_SEED)
    return replace(
        reconstructions_section({'filled in': result}),
        title='Reconstructions of held-out pictures',
        note='The first picture of each of the first classes in the test folder, with random '
        'masks. The model is trained to predict the contrast inside a patch; mean and contrast of '
        'a hidden patch are taken from the original to show its prediction in color.',
    )


def loss_section(pretraining: Path, images_a_step: int) -> Section:
    """Draw what the pre-training logged, of all its starts.

    Args:
        pretraining: Its work folder.
        images_a_step: Of its batches.
    """
    scalars = read_scalars(pretraining, training_alone=True)
    section = curves_section(scalars, images_a_step=images_a_step)
    return replace(
        section,
        title='Curves of the pre-training',
        note='The loss is the mean squared error on the hidden patches, each normalized to mean 0 '
        'and variance 1: predicting the mean everywhere would give 1. ' + section.note,
    )
