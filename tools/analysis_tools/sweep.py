"""Train every combination of some settings and tabulate the scores.

The paper sweeps layer decay and drop path, for ADE20K the rate too, and prints the best scores
alone. Its COCO sweep:

  python tools/analysis_tools/sweep.py CONFIG --metric coco/segm_mAP --gpus 8 \\
      --sweep optim_wrapper.paramwise_cfg.layer_decay_rate=0.9,0.95 \\
              model.backbone.drop_path_rate=0.2,0.3,0.4,0.5

Runs that are finished are not trained again, one that was stopped goes on where it was. A run of
other settings (another config, --cfg-options or --gpus) is moved aside, never taken for this one.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.outputs import claim_folder, write_text

TOOLS = Path(__file__).resolve().parents[1]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', type=arguments.location, help='path of the config')
    parser.add_argument(
        '--sweep',
        nargs='+',
        required=True,
        type=arguments.setting,
        metavar='KEY=VALUE,VALUE',
        help='settings and values',
    )
    parser.add_argument(
        '--metric', required=True, type=arguments.word, help='score to compare, such as mIoU'
    )
    parser.add_argument(
        '--work-dir',
        type=arguments.path,
        help='default: work_dirs/sweep_<name of the config>',
    )
    parser.add_argument(
        '--gpus', type=arguments.processes, default=1, help='of this machine, for each run'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        type=arguments.setting,
        default=[],
        metavar='KEY=VALUE',
        help='for all runs alike',
    )
    args = parser.parse_args()
    args.work_dir = args.work_dir or Path(f'work_dirs/sweep_{Path(args.config).stem}')
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

from mmcnx2.analysis.training_log import read_scalars
from mmcnx2.engine.jobs.parts import PartRunner
from mmcnx2.engine.jobs.sweep import combinations, read_grid, run_name, tabulate
from mmcnx2.engine.jobs.training import Training, plan_training
from mmcnx2.engine.run_settings import as_text, settings_of


def make_part(args: argparse.Namespace, choice: Mapping[str, str]) -> Training:
    """Return the run of a combination. See :func:`.settings_of` for the errors."""
    options = [*(f'{key}={value}' for key, value in choice.items()), *args.cfg_options]
    key = as_text(dict(settings=settings_of(args.config, options), gpus=args.gpus))
    launcher, switches = [], []
    if args.gpus > 1:
        launcher = [str(TOOLS / 'torchrun.py'), '--standalone', f'--nproc_per_node={args.gpus}']
        switches = ['--launcher', 'pytorch']
    return plan_training(
        run_name(choice),
        key,
        tool=TOOLS / 'train.py',
        config=args.config,
        job=args.work_dir,
        options=options,
        launcher=launcher,
        switches=switches,
    )


def score_of(folder: Path, metric: str) -> float | None:
    """Return the best score that a run has logged so far, None if it has none."""
    try:
        steps, values = read_scalars(folder).get(metric, ([], []))
    except FileNotFoundError:
        return None
    return max(values, default=None)


def main(args: argparse.Namespace) -> None:
    runner = PartRunner(args.work_dir)
    try:
        choices = combinations(read_grid(args.sweep))
        parts = [make_part(args, choice) for choice in choices]
        runner.check(parts)
        claim_folder(args.work_dir, 'sweep')
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    rows = []
    for i, (choice, part) in enumerate(zip(choices, parts, strict=True), start=1):
        state = ' (done before)' if runner.is_done(part) else ''
        print(f'[{i}/{len(parts)}] {part.name}{state}', flush=True)
        try:
            rows.append((choice, score_of(runner.do(part), args.metric)))
        except (OSError, RuntimeError) as error:
            print(f'{part.name} failed; the sweep goes on: {error}', file=sys.stderr)
            rows.append((choice, None))
    table = tabulate(rows, args.metric)
    write_text(args.work_dir / 'table.md', f'{table}\n')
    print(f'\n{table}\n\nWrote {args.work_dir / "table.md"}')
    if all(score is None for _, score in rows):
        raise SystemExit(f"error: no run logged '{args.metric}'.")


if __name__ == '__main__':
    main(ARGS)
