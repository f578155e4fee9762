"""On one GPU and within minutes: prove every kernel, measure what decides, compare with targets.

Needs torch, Triton and timm alone, from a plain checkout. First each kernel and whole networks are
held against float64; then come the steps of pre-training, each operation, the optimizer and dense
networks beside timm's, in the order of what decides most. A part that fails is named, and the next
one runs; so is one that the minutes do not suffice for, or that needs what is not installed. Each
row is printed and written to --out at once (table.json, table.md).

Example: python tools/benchmarks/gpu_table.py --only right
"""

import argparse
import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / 'tools/benchmarks')]  # a checkout that is not installed

from gpu.parts import PARTS, choose
from gpu.report import Report
from gpu.schedule import follow
from gpu.worker import Worker, look_at

from mmcnx2 import arguments


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--minutes', type=arguments.positive, default=10, help='after which it ends'
    )
    parser.add_argument(
        '--only', default='', metavar='TEXT', help='parts whose names have this in them'
    )
    parser.add_argument('--list', action='store_true', help='name all parts and stop')
    parser.add_argument(
        '--rounds', type=arguments.rounds, default=15, help='calls of each candidate that count'
    )
    parser.add_argument(
        '--out', type=arguments.location, default='work_dirs/gpu_table', help='folder to write to'
    )
    parser.add_argument(
        '--dry',
        action='store_true',
        help="run every line on a CPU, at toy sizes and with Triton's interpreter: nothing is "
        'measured',
    )
    return parser.parse_args()


def main(args: argparse.Namespace) -> int:
    """Return 0 if all that was looked at is right."""
    if args.list:
        print('\n'.join(f'{part.name} (about {part.seconds} s)' for part in PARTS))
        return 0
    try:
        parts, report = choose(args.only), Report(Path(args.out))
    except (ValueError, OSError) as error:
        raise SystemExit(f'error: {error}') from None
    if args.dry:
        setting = dry_setting()
        follow(parts, report, lambda part, _: look_at(part, setting), seconds=math.inf)
    else:
        check_gpu()
        worker = Worker(rounds=args.rounds)
        try:
            follow(parts, report, worker.rows, seconds=60 * args.minutes)
        finally:
            worker.close()
    print(f'\n{report.summarize()}\n\n{report.folder}/table.md and table.json have it all.')
    return 1 if report.bad else 0


def dry_setting():
    """Return toy sizes; must come before Triton is imported, which then interprets."""
    import os

    os.environ['TRITON_INTERPRET'] = '1'
    from gpu.setting import Setting

    return Setting(dry=True)


def check_gpu() -> None:
    """Refuse to go on where there is nothing to measure."""
    import torch

    if not torch.cuda.is_available():
        raise SystemExit(
            'error: there is no CUDA GPU here, and this measures nothing else: --dry runs every '
            'line without measuring.'
        )


if __name__ == '__main__':
    sys.exit(main(parse_args()))
