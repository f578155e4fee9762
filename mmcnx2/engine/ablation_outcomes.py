"""From the runs of an ablation to its table."""

from collections.abc import Mapping

from mmcnx2.analysis.ablation_report import AblationReport, Outcome
from mmcnx2.analysis.ablations import ABLATIONS, Row
from mmcnx2.analysis.training_log import TrainingLog, read_training_log
from mmcnx2.engine.ablation_run import AblationRun, count_parameters, read_part
from mmcnx2.engine.parts import Part


def report_ablation(
    key: str, run: AblationRun, failures: Mapping[str, str], *, settings: str, paper_settings: str
) -> AblationReport:
    """Return an ablation's table as far as its runs are.

    Args:
        key: Of :data:`ABLATIONS`.
        run: Where its runs are.
        failures: Name of a part to why it failed.
        settings: Of the runs, in one or two sentences.
        paper_settings: Of the paper's, likewise.
    """
    ablation = ABLATIONS[key]
    parts = {part.name: part for job in run.jobs(ablation.rows) for part in job}
    return AblationReport(
        key=key,
        title=ablation.title,
        outcomes=[_outcome(row, run, failures) for row in ablation.rows],
        settings=settings,
        paper_settings=paper_settings,
        times={
            name: run.runner.seconds(part)
            for name, part in parts.items()
            if run.runner.is_done(part)
        },
    )


def _outcome(row: Row, run: AblationRun, failures: Mapping[str, str]) -> Outcome:
    parts = [run.finetuning(row, seed) for seed in run.scale.seeds]
    before = run.pretraining(row.pretraining) if row.pretraining else None
    logs = [_log(run, part) for part in parts if run.runner.is_done(part)]
    failed = [failures[p.name] for p in [before, *parts] if p and p.name in failures]
    loss = None
    if before and run.runner.is_done(before):
        loss = _log(run, before).losses[-1]
    return Outcome(
        name=row.name,
        scores=[log.scores['accuracy/top1'] for log in logs],
        paper=row.paper,
        parameters=count_parameters(read_part(parts[0])),
        loss=loss,
        failure=failed[0] if failed else '',
    )


def _log(run: AblationRun, part: Part) -> TrainingLog:
    return read_training_log(run.runner.folder / part.name)
