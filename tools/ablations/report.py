"""What came out of an ablation, beside what the paper prints: a table, a file and a picture."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmcnx2.analysis.curves import BLUE, INK, ORANGE
from mmcnx2.analysis.figures import save_figure
from mmcnx2.outputs import claim_folder, write_text


@dataclass(frozen=True)
class Outcome:
    """What came out of one row.

    Attributes:
        name: The paper's.
        scores: Top-1 in percent, one a seed; empty where nothing has finished.
        paper: What the paper prints, None where nothing.
        parameters: Number of parameters of encoder and head as run.
        loss: Loss of the pre-training, at its end, the mean over its seeds; None for from scratch.
        failure: Why there are no scores, one line.
    """

    name: str
    scores: Sequence[float]
    paper: float | None
    parameters: int | None = None
    loss: float | None = None
    failure: str = ''

    @property
    def mean(self) -> float | None:
        """Mean over the seeds."""
        return mean(self.scores) if self.scores else None

    @property
    def spread(self) -> float:
        """Sample standard deviation over the seeds; 0 for fewer than two."""
        return stdev(self.scores) if len(self.scores) > 1 else 0.0


@dataclass(frozen=True)
class AblationReport:
    """An ablation and what its rows gave.

    Attributes:
        key: On the command line of ``tools/ablate.py``.
        title: What was varied.
        outcomes: In the paper's order.
        settings: Settings of the runs, in one or two sentences.
        paper_settings: Paper settings of the paper's, likewise.
        times: Seconds of all parts by name.
    """

    key: str
    title: str
    outcomes: Sequence[Outcome]
    settings: str
    paper_settings: str
    times: dict[str, float] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write ``table_<key>`` with the endings md, json and png; return the first's path.

        Args:
            folder: Made if it is not there.

        Raises:
            OSError: It holds what was not made here.
        """
        claim_folder(folder, 'ablate')
        stem = folder / f'table_{self.key}'
        content = asdict(self)
        for entry, outcome in zip(content['outcomes'], self.outcomes, strict=True):
            entry |= dict(mean=outcome.mean, spread=outcome.spread)
        write_text(stem.with_suffix('.json'), json.dumps(content, indent=1) + '\n')
        picture = stem.with_suffix('.png')
        self.draw(picture)
        page = stem.with_suffix('.md')
        text = f'# Ablation: {self.title}\n\n{self.table()}\n\n{self.settings} '
        text += f'{self.paper_settings}\n\n![{self.title}]({picture.name})\n'
        write_text(page, text)
        return page

    def table(self) -> str:
        """Return a Markdown table, the paper's numbers beside ours."""
        lines = ['| | top-1 here, % | spread | runs | pre-training loss | parameters | paper, % |']
        lines.append('|---' * 7 + '|')
        for row in self.outcomes:
            cells = [
                row.name,
                row.failure or 'not run' if row.mean is None else f'{row.mean:.1f}',
                f'{row.spread:.1f}' if len(row.scores) > 1 else '',
                str(len(row.scores)),
                '' if row.loss is None else f'{row.loss:.3f}',
                '' if row.parameters is None else f'{row.parameters / 1e6:.2f} M',
                'not printed' if row.paper is None else f'{row.paper:.1f}',
            ]
            lines.append(f'| {" | ".join(cells)} |')
        return '\n'.join(lines)

    def draw(self, path: Path) -> None:
        """Draw a dot a run and a bar at the mean, and the paper's numbers beside them.

        Args:
            path: Image file to write.
        """
        figure = Figure(figsize=(7.2, 1.1 + 0.42 * len(self.outcomes)), layout='constrained')
        ours, paper = figure.subplots(1, 2, sharey=True)
        for i, row in enumerate(self.outcomes):
            if row.mean is None:
                ours.annotate(
                    row.failure and 'failed' or 'not run',
                    (0.03, i),
                    color=INK,
                    va='center',
                    xycoords=('axes fraction', 'data'),
                    fontsize=9,
                )
            else:
                ours.scatter(row.scores, [i] * len(row.scores), color=BLUE, s=26, alpha=0.55)
                ours.scatter([row.mean], [i], color=BLUE, marker='|', s=320, linewidths=2.4)
            if row.paper is None:
                paper.annotate(
                    'not printed',
                    (0.03, i),
                    color=INK,
                    va='center',
                    xycoords=('axes fraction', 'data'),
                    fontsize=9,
                )
            else:
                paper.scatter([row.paper], [i], color=ORANGE, marker='|', s=320, linewidths=2.4)
        ours.set_yticks(range(len(self.outcomes)), [row.name for row in self.outcomes])
        ours.set_ylim(len(self.outcomes) - 0.5, -0.5)
        _finish(ours, 'here (dot: run, bar: mean)', [s for r in self.outcomes for s in r.scores])
        _finish(paper, 'paper, ImageNet-1K', [r.paper for r in self.outcomes if r.paper])
        save_figure(figure, path)


def _finish(axes: Axes, title: str, values: Sequence[float]) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel('top-1, %')
    if values:
        margin = 0.12 * (max(values) - min(values)) + 0.3
        axes.set_xlim(min(values) - margin, max(values) + margin)
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='x', color='#dddddd', linewidth=0.8)
    axes.set_axisbelow(True)
