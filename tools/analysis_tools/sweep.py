"""Train every combination of some settings and tabulate the scores.

The paper sweeps layer decay and drop path, for ADE20K the rate too, and prints the best scores
alone. Its COCO sweep:

  python tools/analysis_tools/sweep.py CONFIG --metric coco/segm_mAP --gpus 8 \\
      --sweep optim_wrapper.paramwise_cfg.layer_decay_rate=0.9,0.95 \\
              model.backbone.drop_path_rate=0.2,0.3,0.4,0.5

Runs that are finished are not trained again, one that was stopped goes on where it was.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from mmcnx2.analysis.training_log import read_scalars
from mmcnx2.engine.jobs.sweep import combinations, read_grid, run_name, tabulate
from mmcnx2.engine.launch import read_config

TOOLS = Path(__file__).resolve().parents[1]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        '--sweep', nargs='+', required=True, metavar='KEY=VALUE,VALUE', help='settings and values'
    )
    parser.add_argument('--metric', required=True, help='score to compare, such as mIoU')
    parser.add_argument('--work-dir', help='default: work_dirs/sweep_<name of the config>')
    parser.add_argument('--gpus', type=int, default=1, help='of this machine, for each run')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='for all runs alike'
    )
    return parser.parse_args()


def score_of(folder: Path, metric: str) -> float | None:
    """Return the best score that a run has logged so far, None if it has none."""
    try:
        steps, values = read_scalars(folder).get(metric, ([], []))
    except FileNotFoundError:
        return None
    return max(values, default=None)


def main() -> None:
    args = parse_args()
    try:
        grid = read_grid(args.sweep)
        read_config(args.config)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    root = Path(args.work_dir or f'work_dirs/sweep_{Path(args.config).stem}')
    rows = []
    choices = combinations(grid)
    for i, choice in enumerate(choices, start=1):
        folder = root / run_name(choice)
        done = folder / 'finished'
        print(f'[{i}/{len(choices)}] {run_name(choice)}', flush=True)
        if not done.is_file():
            options = [f'{key}={value}' for key, value in choice.items()]
            arguments = ['--work-dir', str(folder), '--resume']
            arguments += ['--cfg-options', *options, *args.cfg_options]
            launcher = [sys.executable, str(TOOLS / 'train.py'), args.config]
            if args.gpus > 1:
                launcher = ['bash', str(TOOLS / 'dist_train.sh'), args.config, str(args.gpus)]
            if subprocess.run([*launcher, *arguments]).returncode == 0:
                done.touch()
            else:
                print(f'{folder} failed; the sweep goes on', file=sys.stderr)
        rows.append((choice, score_of(folder, args.metric) if done.is_file() else None))
    table = tabulate(rows, args.metric)
    (root / 'table.md').write_text(f'{table}\n', encoding='utf-8')
    print(f'\n{table}\n\nWrote {root / "table.md"}')
    if all(score is None for _, score in rows):
        raise SystemExit(f"error: no run logged '{args.metric}'.")


if __name__ == '__main__':
    main()
