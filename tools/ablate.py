"""Run the paper's ablations and put the outcome beside the paper's numbers.

  python tools/ablate.py --list                     what there is
  python tools/ablate.py sparse 3 2d 2e fig8        on the demo's pictures, on a CPU, in two hours
  python tools/ablate.py 2d --scale real --gpus 8   as the paper does, on ImageNet
  python tools/ablate.py 2d --scale real --dry-run  the commands, to give them to a cluster

Runs that tables share are done once, finished ones are reused, one that was stopped goes on where
it was. Tables are written after each model, so what is there can be read before the end.
"""

import argparse
import itertools
import sys
from pathlib import Path

from ablations.tables import ABLATIONS

from mmcnx2 import arguments
from mmcnx2.outputs import check_folder
from mmcnx2.processes.threads import own_cores, settle_threads

PAPER = "The paper's: ConvNeXt-Base, ImageNet-1K at 224 px, 800 epochs, then 100 of fine-tuning."


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'tables', nargs='*', type=arguments.word, metavar='TABLE', help='see --list'
    )
    parser.add_argument('--list', action='store_true', help='say which tables there are, and stop')
    parser.add_argument('--scale', choices=['scenes', 'real'], default='scenes')
    parser.add_argument(
        '--work-dir',
        type=arguments.path,
        help='default: work_dirs/ablations/scenes, work_dirs if real',
    )
    parser.add_argument(
        '--data-root',
        type=arguments.path,
        help='default: <work-dir>/data, that of the configs if real',
    )
    parser.add_argument(
        '--seeds',
        type=arguments.whole(1, 1000),
        help='runs a row, each with a pre-training of its own unless real (default: 2, 1 if real)',
    )
    parser.add_argument(
        '--gpus',
        type=arguments.processes,
        default=1,
        help='of this machine, for each run (real)',
    )
    parser.add_argument('--dry-run', action='store_true', help='print the commands, run nothing')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        type=arguments.setting,
        default=[],
        metavar='KEY=VALUE',
        help='for all runs alike',
    )
    small = parser.add_argument_group('sizes of --scale scenes')
    labelled = arguments.whole(10, 10**6)  # at least one a class
    sizes = dict(
        pretraining_epochs=(arguments.epochs, 18, 'epochs of each pre-training'),
        finetuning_epochs=(arguments.epochs, 50, 'epochs of each fine-tuning'),
        unlabelled=(arguments.images, 3000, 'pictures without labels'),
        train=(labelled, 300, 'labelled pictures'),
        val=(labelled, 500, 'pictures for the score'),
        jobs=(arguments.processes, own_cores(), 'runs at a time, one a core'),
    )
    for name, (kind, default, what) in sizes.items():
        option = f'--{name.replace("_", "-")}'
        small.add_argument(option, type=kind, default=default, help=f'{what} (default: {default})')
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


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from ablations.jobs import AblationJobs
from ablations.outcomes import report_ablation
from ablations.run import ROOT, AblationRun, Scale, ScenesScale

from mmcnx2.engine.jobs.parts import Part, PartRunner


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
    launcher = [str(ROOT / 'tools/torchrun.py'), '--standalone', f'--nproc_per_node={args.gpus}']
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
    key = meta.read_text()
    runner.rename(part, f'{sizes} {key}')
    return key


def describe(args: argparse.Namespace) -> str:
    """Say how large the runs are."""
    if args.scale == 'real':
        return f'Here: the same, {args.seeds} fine-tuning run(s) a row.'
    return (
        f"Here: the demo's encoder, {args.unlabelled} rendered pictures, "
        f'{args.pretraining_epochs} epochs of pre-training, then {args.finetuning_epochs} epochs '
        f'on {args.train} labelled pictures, both with each of {args.seeds} seeds; scored on '
        f'{args.val} others. Rows from scratch have the same fine-tuning alone. The spread is the '
        'standard deviation over the seeds.'
    )


def ablate(args: argparse.Namespace, run: AblationRun) -> dict[str, str]:
    """Do the tables' runs and keep the tables up to date; returns what failed, and why."""

    def write() -> list[Path]:
        return [
            report_ablation(
                key,
                run,
                jobs.failures,
                settings=describe(args),
                paper_settings=PAPER if key != '3-large' else PAPER.replace('Base', 'Large'),
            ).write(args.work_dir / 'tables')
            for key in args.tables
        ]

    jobs = AblationJobs(
        list_jobs(args, run),
        run.runner,
        at_once=args.jobs if args.scale == 'scenes' else 1,
        after_job=write,
    )
    jobs.do()
    for page in write():
        print(f'Wrote {page}')
    return jobs.failures


def list_jobs(args: argparse.Namespace, run: AblationRun) -> list[list[Part]]:
    """Return what has to be done for all tables, each part once."""
    rows = dict.fromkeys(row for key in args.tables for row in ABLATIONS[key].rows)
    return run.jobs(rows)


def main(args: argparse.Namespace) -> None:
    if args.list:
        for key, ablation in ABLATIONS.items():
            rows = ', '.join(row.name for row in ablation.rows)
            print(f'{key:8} {ablation.title}: {rows} ({" or ".join(ablation.scales)})')
        return
    threads = None
    if args.scale == 'scenes':
        threads = max(1, own_cores() // args.jobs)
    runner = PartRunner(args.work_dir, threads)
    try:
        run = AblationRun(make_scale(args), runner)
        if args.dry_run:
            for part in itertools.chain(*list_jobs(args, run)):
                print(' '.join(['python', *part.command]))
            return
        check_folder(args.work_dir / 'tables', 'ablate')
        if args.scale == 'scenes':
            run = AblationRun(run.scale, runner, render(args, runner))
        run.prepare(list_jobs(args, run))
    except (OSError, RuntimeError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    if failures := ablate(args, run):
        raise SystemExit(
            f'error: {len(failures)} runs failed ({", ".join(failures)}): the tables say why, and '
            'the same command tries them again.'
        )


if __name__ == '__main__':
    try:
        main(ARGS)
    except KeyboardInterrupt:
        sys.exit('\nStopped: the same command goes on from here.')
