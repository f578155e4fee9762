"""Run the paper's ablations and put the outcome beside the paper's numbers.

  python tools/ablate.py --list                     what there is
  python tools/ablate.py 2d 2e sparse 3             on the demo's pictures, on a CPU, in an hour
  python tools/ablate.py 2d --scale real --gpus 8   as the paper does, on ImageNet
  python tools/ablate.py 2d --scale real --dry-run  the commands, to give them to a cluster

Runs that tables share are done once, finished ones are reused, one that was stopped goes on where
it was. Tables are written after each model, so what is there can be read before the end.
"""

import argparse
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from mmcnx2.analysis.ablation_report import AblationReport, Outcome
from mmcnx2.analysis.ablations import ABLATIONS, Row
from mmcnx2.analysis.training_log import read_training_log
from mmcnx2.engine.ablation_run import (
    ROOT,
    AblationRun,
    Scale,
    ScenesScale,
    count_parameters,
    read_part,
)
from mmcnx2.engine.parts import Part, PartRunner

PAPER = "The paper's: ConvNeXt-Base, ImageNet-1K at 224 px, 800 epochs, then 100 of fine-tuning."


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('tables', nargs='*', metavar='TABLE', help='see --list')
    parser.add_argument('--list', action='store_true', help='say which tables there are, and stop')
    parser.add_argument('--scale', choices=['scenes', 'real'], default='scenes')
    parser.add_argument(
        '--work-dir', type=Path, help='default: work_dirs/ablations/scenes, work_dirs if real'
    )
    parser.add_argument(
        '--data-root', type=Path, help="default: <work-dir>/data, that of the configs if real"
    )
    parser.add_argument('--seeds', type=int, help='fine-tuning runs a row (default: 2, 1 if real)')
    parser.add_argument('--gpus', type=int, default=1, help='of this machine, for each run (real)')
    parser.add_argument('--dry-run', action='store_true', help='print the commands, run nothing')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='for all runs alike'
    )
    small = parser.add_argument_group('sizes of --scale scenes')
    small.add_argument('--pretraining-epochs', type=int, default=7, help='default: 7')
    small.add_argument('--finetuning-epochs', type=int, default=10, help='default: 10')
    small.add_argument('--unlabelled', type=int, default=3000, help='without labels (3000)')
    small.add_argument('--train', type=int, default=300, help='labelled pictures (300)')
    small.add_argument('--val', type=int, default=1000, help='pictures for the score (1000)')
    small.add_argument(
        '--jobs', type=int, default=os.cpu_count(), help='runs at a time (one a core)'
    )
    args = parser.parse_args()
    if not args.list and not args.tables:
        parser.error(f'name a table: {", ".join(ABLATIONS)}; --list says what they are.')
    for table in args.tables:
        if table not in ABLATIONS:
            parser.error(f'table {table!r} is unknown: use some of {", ".join(ABLATIONS)}.')
        if args.scale not in ABLATIONS[table].scales:
            parser.error(f'table {table} needs --scale {ABLATIONS[table].scales[0]}.')
    args.seeds = args.seeds or (1 if args.scale == 'real' else 2)
    args.work_dir = args.work_dir or Path(
        'work_dirs' if args.scale == 'real' else 'work_dirs/ablations/scenes'
    )
    if args.scale == 'scenes':
        args.data_root = args.data_root or args.work_dir / 'data'
    return args


def make_scale(args: argparse.Namespace) -> Scale:
    """Return how large the runs are."""
    options = list(args.cfg_options)
    if args.data_root:
        options.insert(0, f'data_root={args.data_root}')
    if args.scale == 'scenes':
        return ScenesScale(
            range(args.seeds),
            options,
            pretraining_epochs=args.pretraining_epochs,
            finetuning_epochs=args.finetuning_epochs,
        )
    if args.gpus == 1:
        return Scale(range(args.seeds), options, train_options=['--auto-scale-lr'])
    launcher = ['-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={args.gpus}']
    return Scale(
        range(args.seeds),
        options,
        launcher,
        train_options=['--auto-scale-lr', '--launcher', 'pytorch'],
    )


def render(args: argparse.Namespace, runner: PartRunner) -> str:
    """Make the pictures that are not there yet; returns the key of the data."""
    tool = str(ROOT / 'tools/dataset_tools/make_scenes.py')
    sizes = [f'--{name}={getattr(args, name)}' for name in ('unlabelled', 'train', 'val')]
    meta = args.data_root / 'meta.json'
    state = meta.read_text() if meta.is_file() else 'missing'
    # The tool knows whether its folder is complete.
    part = Part('pictures', [tool, '--out', str(args.data_root), *sizes], f'{sizes} {state}')
    runner.do(part)
    return meta.read_text()


class Ablate:
    """Does the parts of some ablations, several at a time, and keeps their tables up to date."""

    def __init__(self, args: argparse.Namespace, run: AblationRun):
        self.args, self.run = args, run
        self.rows = list({row: None for key in args.tables for row in ABLATIONS[key].rows})
        self.jobs = run.jobs(self.rows)
        self.parts = {part.name: part for job in self.jobs for part in job}
        self.failures: dict[str, str] = {}
        self.stopped = threading.Event()
        self.writing = threading.Lock()
        self.start, self.number, self.left = time.perf_counter(), 0, 0

    def do(self) -> None:
        """Do all jobs."""
        done = sum(map(self.run.runner.is_done, self.parts.values()))
        self.left = len(self.parts) - done
        print(f'{len(self.parts)} runs, {done} of them done before', flush=True)
        pool = ThreadPoolExecutor(self.args.jobs if self.args.scale == 'scenes' else 1)
        try:
            for finished in as_completed([pool.submit(self.do_job, job) for job in self.jobs]):
                finished.result()
        except BaseException:
            self.stopped.set()  # the runs under way end by the same Ctrl-C
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def do_job(self, job: list[Part]) -> None:
        """Do a pre-training and what starts from it; its failure ends the job and no other."""
        for part in job:
            if self.stopped.is_set():
                return
            reused = self.run.runner.is_done(part)
            try:
                self.run.runner.do(part, label=f'{part.name}: ')
            except RuntimeError as error:
                if self.stopped.is_set():
                    return
                self.failures[part.name] = str(error).strip().splitlines()[-1]
                print(f'{part.name} failed: {self.failures[part.name]}', file=sys.stderr)
                if part is job[0]:
                    break  # the others start from it
                continue
            if not reused:
                self.number += 1
                minutes = (time.perf_counter() - self.start) / 60
                count = f'[{self.number}/{self.left}]'
                print(f'{count} {part.name} done after {minutes:.1f} min', flush=True)
        self.write()

    def write(self) -> list[Path]:
        """Write the tables as far as they are."""
        with self.writing:
            folder = self.args.work_dir / 'tables'
            return [self.report(key).write(folder) for key in self.args.tables]

    def report(self, key: str) -> AblationReport:
        """Return a table as far as it is."""
        return AblationReport(
            key=key,
            title=ABLATIONS[key].title,
            outcomes=[self.outcome(row) for row in ABLATIONS[key].rows],
            settings=self.settings(),
            paper_settings=PAPER if key != '3-large' else PAPER.replace('Base', 'Large'),
            times={
                part.name: self.run.runner.seconds(part)
                for part in self.parts.values()
                if self.run.runner.is_done(part)
            },
        )

    def outcome(self, row: Row) -> Outcome:
        """Return what a row has given so far."""
        parts = [self.run.finetuning(row, seed) for seed in self.run.scale.seeds]
        before = self.run.pretraining(row.pretraining) if row.pretraining else None
        logs = [self.log(part) for part in parts if self.run.runner.is_done(part)]
        failed = [self.failures[p.name] for p in [before, *parts] if p and p.name in self.failures]
        loss = None
        if before and self.run.runner.is_done(before):
            loss = self.log(before).losses[-1]
        return Outcome(
            name=row.name,
            scores=[log.scores['accuracy/top1'] for log in logs],
            paper=row.paper,
            parameters=count_parameters(read_part(parts[0])),
            loss=loss,
            failure=failed[0] if failed else '',
        )

    def log(self, part: Part):
        """Read what a finished run logged."""
        return read_training_log(self.run.runner.folder / part.name)

    def settings(self) -> str:
        """Say how large the runs were."""
        args = self.args
        if args.scale == 'real':
            return f'Here: the same, {args.seeds} fine-tuning run(s) a row.'
        return (
            f'Here: the demo\'s encoder, {args.unlabelled} rendered pictures of 128 px, '
            f'{args.pretraining_epochs} epochs of pre-training (one run, seed 0), then '
            f'{args.finetuning_epochs} epochs on {args.train} labelled pictures, {args.seeds} '
            f'seeds; scored on {args.val} others. Rows from scratch have the same fine-tuning '
            'alone. The spread is the standard deviation over the seeds.'
        )


def main() -> None:
    args = parse_args()
    if args.list:
        for key, ablation in ABLATIONS.items():
            rows = ', '.join(row.name for row in ablation.rows)
            print(f'{key:8} {ablation.title}: {rows} ({" or ".join(ablation.scales)})')
        return
    threads = None
    if args.scale == 'scenes':
        threads = max(1, (os.cpu_count() or 1) // args.jobs)
    runner = PartRunner(args.work_dir, threads)
    run = AblationRun(make_scale(args), runner)
    if args.dry_run:
        for job in run.jobs(row for key in args.tables for row in ABLATIONS[key].rows):
            for part in job:
                print(' '.join(['python', *part.command]))
        return
    if args.scale == 'scenes':
        run = AblationRun(run.scale, runner, render(args, runner))
    ablate = Ablate(args, run)
    ablate.do()
    for page in ablate.write():
        print(f'Wrote {page}')


if __name__ == '__main__':
    sys.exit(main())
