"""From the runs of an ablation to its table."""

from collections.abc import Mapping, Sequence
from statistics import mean

from mmengine.config import Config

from ablations.report import AblationReport, Outcome
from ablations.run import AblationRun, count_parameters
from ablations.tables import ABLATIONS, Row
from mmcnx2.analysis.training_log import TrainingLog, read_training_log
from mmcnx2.engine.jobs.training import Training


def report_ablation(
    key: str, run: AblationRun, failures: Mapping[str, str], *, settings: str, paper_settings: str
) -> AblationReport:
    """Return an ablation's table as far as its runs are.

    Args:
        key: Key of :data:`ABLATIONS`.
        run: Where its runs are.
        failures: Name of a part to why it failed.
        settings: Settings of the runs, in one or two sentences.
        paper_settings: Paper settings of the paper's, likewise.
    """
    ablation = ABLATIONS[key]
    parts = {row: _parts(row, run) for row in ablation.rows}
    every = [part for before, after in parts.values() for part in [*before, *after]]
    return AblationReport(
        key=key,
        title=ablation.title,
        outcomes=[_outcome(row, *parts[row], run, failures) for row in ablation.rows],
        settings=settings,
        paper_settings=paper_settings,
        times={part.name: time for part in every if (time := _seconds(run, part)) is not None},
    )


def _parts(row: Row, run: AblationRun) -> tuple[list[Training], list[Training]]:
    """Return a row's pre-trainings, if it has any, and its fine-tunings."""
    seeds = run.scale.seeds
    before = [run.pretraining(row.pretraining, seed) for seed in seeds if row.pretraining]
    before = list({part.name: part for part in before}.values())
    return before, [run.finetuning(row, seed) for seed in seeds]


def _outcome(
    row: Row,
    before: Sequence[Training],
    parts: Sequence[Training],
    run: AblationRun,
    failures: Mapping[str, str],
) -> Outcome:
    logs = [_log(run, part) for part in parts if run.runner.is_done(part)]
    failed = [failures[part.name] for part in [*before, *parts] if part.name in failures]
    losses = [_log(run, part).losses[-1] for part in before if run.runner.is_done(part)]
    return Outcome(
        name=row.name,
        scores=[log.scores['accuracy/top1'] for log in logs],
        paper=row.paper,
        parameters=count_parameters(Config.fromfile(parts[0].config)),
        loss=mean(losses) if losses else None,
        failure=failed[0] if failed else '',
    )


def _seconds(run: AblationRun, part: Training) -> float | None:
    return run.runner.seconds(part) if run.runner.is_done(part) else None


def _log(run: AblationRun, part: Training) -> TrainingLog:
    return read_training_log(run.runner.folder / part.name)
