"""Time the whole step of tools/train.py on a CPU, loading included, beside its products alone.

The folder config pre-trains on photographs. "products" are the matrix products of one step, called
one after another with nothing between them: what no other code could be faster than. --beside names
another checkout, such as the commit before, whose tools/train.py takes turns. All load images
themselves, and their threads sleep while they wait.

Example: git worktree add ../before HEAD~1; python tools/benchmarks/train_step.py --beside ../before
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.archs import ARCHS
from mmcnx2.processes.threads import count_cores, settle_threads


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--arch', default='atto', choices=ARCHS)
    parser.add_argument('--batch-size', type=arguments.batch, default=32)
    parser.add_argument('--size', type=arguments.pixels, default=224, help='of the crops')
    parser.add_argument(
        '--beside', type=arguments.path, metavar='FOLDER', help='another checkout of this package'
    )
    parser.add_argument(
        '--rounds', type=arguments.rounds, default=11, help='steps of each that count'
    )
    parser.add_argument('--products', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.beside and not (args.beside / 'tools/train.py').is_file():
        parser.error(f"--beside '{args.beside}' has no tools/train.py: give a checkout.")
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

from measure import interleaved_medians
from photographs import write_photographs
from stepper import Stepper
from tables import table

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
CONFIG = 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
DRAWN = 32
"""Photographs; others are links to them."""


def main(args: argparse.Namespace) -> None:
    if args.products:
        answer_with_products(args)
        return
    os.environ['OMP_WAIT_POLICY'] = 'PASSIVE'  # other checkouts may not set it
    settle_threads()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        make_images(Path(folder, 'images'), args)
        commands = {'tools/train.py': train(ROOT, Path(folder, 'here'), args)}
        if args.beside:
            commands[f'that of {args.beside.name}'] = train(
                args.beside.resolve(), Path(folder, 'there'), args
            )
        steppers = {
            name: stack.enter_context(Stepper(*command, environment=environment, answer='stepped'))
            for name, (command, environment) in commands.items()
        }
        steppers['products'] = stack.enter_context(Stepper(*sys.argv, '--products'))
        seconds = interleaved_medians(
            {name: stepper.ask for name, stepper in steppers.items()},
            device='cpu',
            rounds=args.rounds,
            warmup=3,
            on_round=lambda number: print(f'\rround {number}  ', end='', file=sys.stderr),
        )
    print(file=sys.stderr)
    ours = seconds['tools/train.py']
    rows = [
        [
            name, f'{1e3 * value:.0f}', f'{args.batch_size / value:.1f}', f'{ours / value:.2f}',
            f'{seconds["products"] / value:.0%}',
        ]
        for name, value in seconds.items()
    ]  # fmt: skip
    print(table(['step', 'ms', 'images/s', 'speed / ours', 'products'], rows, texts=1))
    print(
        f'{args.arch}, batch {args.batch_size}, {args.size} px, {count_cores()} cores, median of '
        f'{args.rounds} interleaved steps.'
    )


def make_images(folder: Path, args: argparse.Namespace) -> None:
    """Fill a folder with as many photographs as an epoch of all rounds takes."""
    folder.mkdir()
    paths = write_photographs(folder, DRAWN)
    for number in range(DRAWN, args.batch_size * (args.rounds + 4)):
        os.link(paths[number % DRAWN], folder / f'{number:05d}.jpg')


def train(root: Path, work_dir: Path, args: argparse.Namespace) -> tuple[list[str], dict]:
    """Return the command by which a checkout trains step by step, and its environment."""
    work_dir.mkdir()
    config = work_dir / 'stepping_config.py'
    config.write_text(
        f'_base_ = {str(root / CONFIG)!r}\n'
        "custom_imports = dict(imports=_base_.custom_imports.imports + ['stepping'])\n"
        "custom_hooks = [dict(type='SteppingHook')]\n"
    )
    options = {
        'data_root': work_dir.with_name('images'),
        'model.backbone.arch': args.arch,
        'default_hooks.checkpoint.interval': 1000,
        'train_dataloader.batch_size': args.batch_size,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'train_dataloader.dataset.pipeline.1.scale': args.size,
    }
    words = [f'{key}={value}' for key, value in options.items()]
    command = [
        str(root / 'tools/train.py'), str(config), '--work-dir', str(work_dir / 'run'),
        '--cfg-options', *words,
    ]  # fmt: skip
    paths = os.pathsep.join([str(root), str(HERE.parent)])
    return command, {**os.environ, 'PYTHONPATH': paths}


def answer_with_products(args: argparse.Namespace) -> None:
    """Call the matrix products of a step for each line that comes in."""
    products = record_products(args)
    for _ in sys.stdin:
        for product in products:
            product()
        print(flush=True)


def record_products(args: argparse.Namespace) -> list[Callable[[], object]]:
    """Return the matrix products of one pre-training step, forward and backward."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_map_only

    from mmcnx2.nn import FCMAE

    names = ('aten::mm', 'aten::addmm', 'aten::bmm', 'aten::baddbmm')
    products = []

    class Record(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, given=(), options=None):
            if function._schema.name in names:
                # Of the same sizes and strides.
                kept = tree_map_only(torch.Tensor, torch.randn_like, given)
                products.append(partial(function, *kept, **(options or {})))
            return function(*given, **(options or {}))

    torch.manual_seed(0)
    net = FCMAE(args.arch)
    with Record():
        loss = net(torch.randn(args.batch_size, 3, args.size, args.size))
        loss.backward()
    return products


if __name__ == '__main__':
    main(ARGS)
