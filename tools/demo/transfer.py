"""Sections of the demo's page on detection and segmentation, from the checkpoint and without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from demo.classification import PRETRAINED, SCRATCH
from mmcnx2.analysis.predictions import draw_predictions, read_truth
from mmcnx2.analysis.report.galleries import draw_rows
from mmcnx2.analysis.report.page import Section
from mmcnx2.analysis.training_log import read_training_log
from mmcnx2.engine.jobs.tool_run import SCORES

# Of the pictures that are drawn: spread over the set, whose main objects take turns by tens.
NUMBERS = (0, 61, 122, 183, 244)
SIDE = 320  # of a drawn picture in pixels


@dataclass(frozen=True)
class Transfer:
    """A task that an encoder is transferred to.

    Attributes:
        title: On the page.
        name: Of its runs.
        metrics: What a score is called on the page, to its name in the log and its factor.
        what: What the scores are, a sentence or two.
    """

    title: str
    name: str
    metrics: Mapping[str, tuple[str, float]]
    what: str


MASK_RCNN = Transfer(
    title='Detection: Mask R-CNN',
    name='mask_rcnn',
    metrics={name: SCORES[name] for name in ('AP box', 'AP mask')},
    what="COCO's AP, averaged over IoU thresholds from 0.5 to 0.95. Objects that the model gives "
    'at least 0.3 are drawn.',
)
UPERNET = Transfer(
    title='Segmentation: UPerNet',
    name='upernet',
    metrics={'mIoU': SCORES['mIoU'], 'pixel accuracy': ('aAcc', 1)},
    what='Mean intersection over union of the 16 classes. Black in the truth is not labelled.',
)


def transfer_section(transfer: Transfer, pretrained: Path, scratch: Path, sizes: dict) -> Section:
    """Draw predictions of both arms beside the truth, and tabulate their scores.

    Args:
        transfer: The task.
        pretrained: Work folder of the run from the checkpoint.
        scratch: That of the run without.
        sizes: Settings of the scenes.
    """
    runs = {PRETRAINED: pretrained, SCRATCH: scratch}
    config = read_config(scratch)
    numbers = [number for number in NUMBERS if number < sizes['val']]
    pictures, truth = read_truth(config, numbers, side=SIDE)
    columns = {'truth': truth}
    for arm, run in runs.items():
        checkpoint = (run / 'last_checkpoint').read_text().strip()
        columns[arm] = draw_predictions(config, checkpoint, pictures)
    rows = list(zip(*columns.values(), strict=True))
    scores = {arm: read_training_log(run).scores for arm, run in runs.items()}
    return Section(
        title=transfer.title,
        pictures=[draw_rows(rows, 'the truth and both predictions', titles=list(columns))],
        table=[
            ['%', *transfer.metrics],
            *(
                [arm, *(f'{factor * of[key]:.1f}' for key, factor in transfer.metrics.values())]
                for arm, of in scores.items()
            ),
        ],
        note=(
            f'{transfer.what} On {sizes["val"]} pictures that no training saw, after training on '
            f'{sizes["train"]}. One run an arm, with the same settings: a small difference means '
            'nothing. The pictures drawn stand at equal distances in the set.'
        ),
    )


def read_config(run: Path) -> Config:
    """Read the config that mmengine left in a work folder."""
    return Config.fromfile(next(run.glob('*.py')))
