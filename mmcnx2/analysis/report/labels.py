"""What features say of labels, beside those of a network that has learnt nothing."""

from collections import Counter
from collections.abc import Sequence

from mmcnx2.analysis.label_scores import LabelScores
from mmcnx2.analysis.report.page import Section


def labels_section(
    scores: LabelScores, untrained: LabelScores, labels: Sequence[str], *, source: str
) -> Section:
    """Show k-NN and probe.

    Args:
        scores: Of the run's network.
        untrained: Of random weights.
        labels: Class of each picture.
        source: Where the pictures are from, in words.
    """
    ((_, most),) = Counter(labels).most_common(1)
    rows = [['right, %', 'this network', 'untrained']]
    rows.append([f'{scores.neighbors} nearest', f'{scores.knn:.1f}', f'{untrained.knn:.1f}'])
    if scores.probe is not None and untrained.probe is not None:
        rows.append(['linear probe', f'{scores.probe:.1f}', f'{untrained.probe:.1f}'])
    return Section(
        title='Labels',
        table=rows,
        note=f'Of {len(labels)} pictures of {len(set(labels))} classes {source}, each judged by '
        'the others: by the votes of its nearest neighbors (leave one out), and by a logistic '
        'regression on frozen features (cross-validated, the best of its regularizations). Saying '
        f'the commonest class of all would be right in {100 * most / len(labels):.1f} %.',
    )
