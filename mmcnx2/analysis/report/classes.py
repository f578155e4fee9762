"""Scores of each class."""

from mmcnx2.analysis.report.page import Section
from mmcnx2.analysis.scored_pictures import PictureScores


def scores_by_class_section(scores: PictureScores) -> Section:
    """Show the classes, the worst first; those that no picture has come last."""
    ranked = sorted(scores.by_class.items(), key=lambda item: (item[1] is None, item[1] or 0))
    shown = [[name, 'none there' if value is None else f'{value:.1f}'] for name, value in ranked]
    return Section(
        title='Scores by class',
        table=[['class', f'{scores.measure}, %'], *shown],
        note=f'Of {len(scores.by_picture)} pictures of the validation set.',
    )
