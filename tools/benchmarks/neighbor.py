"""Time a pre-training step on a CPU, alone and beside a process that keeps one core busy.

"torch" runs with the environment that torch finds by default, "mmcnx2" with what the tools set
(mmcnx2/processes/threads.py), "short spin" lets OpenMP's threads spin for a moment before they
sleep. Each is a process of its own, all take turns, and the neighbor is stopped in every other
round. A fair share of the cores makes a busy round on two cores between 1.5 and 2 times as long.

Example: python tools/benchmarks/neighbor.py --rounds 9
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack

from mmcnx2 import arguments
from mmcnx2.archs import ARCHS
from mmcnx2.processes.threads import count_cores, settle_threads

WAYS = ('torch', 'mmcnx2', 'short spin')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--arch', default='atto', choices=ARCHS)
    parser.add_argument('--batch-size', type=arguments.batch, default=16)
    parser.add_argument('--size', type=arguments.pixels, default=128, help='of square images')
    parser.add_argument('--cores', type=arguments.processes, default=2, help='to run on')
    parser.add_argument(
        '--rounds', type=arguments.rounds, default=5, help='steps of each that count, idle and busy'
    )
    parser.add_argument(
        '--threads', nargs='+', choices=WAYS, default=WAYS, help='ratios are against the first'
    )
    parser.add_argument('--step', action='store_true', help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    if hasattr(os, 'sched_setaffinity'):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: ARGS.cores])

from measure import interleaved_medians
from stepper import Stepper
from tables import table

NEIGHBOR = 'import os\nstarter = os.getppid()\nwhile os.getppid() == starter: pass'


def environments() -> dict[str, dict[str, str]]:
    """Return the environments to compare by name."""
    said = ('OMP_', 'KMP_', 'GOMP_', 'MKL_NUM', 'MMCNX2_')
    bare = {name: value for name, value in os.environ.items() if not name.startswith(said)}
    settled = dict(bare)
    settle_threads(environment=settled)
    return dict(zip(WAYS, (bare, settled, {**settled, 'GOMP_SPINCOUNT': '10000'}), strict=True))


def step(args: argparse.Namespace) -> None:
    """Take a training step for each line that comes in."""
    import torch

    from mmcnx2.nn import FCMAE

    torch.manual_seed(0)
    model = FCMAE(args.arch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=True)
    images = torch.randn(args.batch_size, 3, args.size, args.size)
    for _ in sys.stdin:
        optimizer.zero_grad()
        model(images).backward()
        optimizer.step()
        print(torch.get_num_threads(), torch.__version__, flush=True)


def main(args: argparse.Namespace) -> None:
    if args.step:
        step(args)
        return
    with ExitStack() as stack:
        steppers = {
            name: stack.enter_context(Stepper(*sys.argv, '--step', environment=environment))
            for name, environment in environments().items()
            if name in args.threads
        }
        said = {name: stepper.ask() for name, stepper in steppers.items()}  # compiles and warms up
        neighbor = stack.enter_context(Stepper('-c', NEIGHBOR)).process
        calls = {
            (name, busy): beside(neighbor, stepper, busy=busy)
            for busy in (False, True)
            for name, stepper in steppers.items()
        }
        seconds = interleaved_medians(
            calls,
            device='cpu',
            rounds=args.rounds,
            warmup=1,
            on_round=lambda number: print(f'\rround {number}  ', end='', file=sys.stderr),
        )
    print(file=sys.stderr)
    first = args.threads[0]
    rows = [
        [
            name, said[name].split()[0],
            f'{1e3 * seconds[name, False]:.0f}', f'{1e3 * seconds[name, True]:.0f}',
            f'{seconds[name, True] / seconds[name, False]:.2f}',
            f'{seconds[first, False] / seconds[name, False]:.2f}',
            f'{seconds[first, True] / seconds[name, True]:.2f}',
        ]
        for name in args.threads
    ]  # fmt: skip
    head = [
        'threads', 'number', 'idle, ms', 'busy, ms', 'busy / idle', 'speed-up, idle', 'busy',
    ]  # fmt: skip
    print(table(head, rows, texts=1))
    print(
        f'{args.arch}, {args.batch_size} images of {args.size} px on {count_cores()} cores, median '
        f'of {args.rounds} interleaved steps, torch {said[first].split()[1]}.'
    )


def beside(neighbor: subprocess.Popen, stepper: Stepper, *, busy: bool) -> Callable[[], None]:
    """Return a function that has a process step, the neighbor going on or stopped."""

    def call() -> None:
        neighbor.send_signal(signal.SIGCONT if busy else signal.SIGSTOP)
        stepper.ask()

    return call


if __name__ == '__main__':
    main(ARGS)
