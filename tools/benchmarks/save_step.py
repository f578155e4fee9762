"""Time the training step that saves a checkpoint, at once and in the background, beside others.

A step that saves lasts from the end of the one before it until the next may begin: with
AtomicCheckpointHook it is the save and one step. All take turns in every round, and the background
is waited for between them. "Busy" is the time of a processor that the training thread spends on the
save; other programs hardly change it.

Example: python tools/benchmarks/save_step.py --arch tiny --folder .
"""

import argparse
import sys
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.archs import ARCHS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--arch', nargs='+', default=['atto', 'tiny'], choices=ARCHS)
    parser.add_argument('--batch-size', type=arguments.batch, default=8)
    parser.add_argument('--size', type=arguments.pixels, default=224, help='of square images')
    parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
    parser.add_argument(
        '--folder',
        type=arguments.path,
        help='on the disk to write to, in a folder of its own that is removed; default: where the '
        'system keeps temporary files',
    )
    parser.add_argument(
        '--rounds', type=arguments.rounds, default=10, help='steps of each that count'
    )
    args = parser.parse_args()
    if args.folder and not args.folder.is_dir():
        parser.error(f"--folder '{args.folder}' is no folder.")
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

import statistics
import tempfile
import time
from collections.abc import Callable

import torch
from mmengine.runner import save_checkpoint
from mmengine.runner.checkpoint import weights_to_cpu
from mmengine.utils import apply_to
from tables import table

from mmcnx2.checkpoints.plain_types import make_plain
from mmcnx2.engine.saving.atomic_backend import AtomicBackend  # noqa: F401  registers itself
from mmcnx2.engine.saving.background_saving import OneAtATime, Parcel
from mmcnx2.engine.saving.nonfinite import find_nonfinite
from mmcnx2.nn.convnextv2 import ConvNeXtV2

ATOMIC = dict(backend='mmcnx2_atomic')
WARMUP = 2


class Training:
    """A network, its optimizer, and the ways to save them."""

    def __init__(self, arch: str, batch: int, size: int, device: str, folder: Path):
        torch.manual_seed(0)
        self.net = ConvNeXtV2(arch, gap_before_final_norm=True).to(device)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=1e-6)
        self.images = torch.randn(batch, 3, size, size, device=device)
        self.path = str(folder / f'{arch}.pth')
        self.thread = OneAtATime('checkpoints')
        self.wait = torch.cuda.synchronize if device == 'cuda' else lambda: None

    def step(self) -> None:
        self.optimizer.zero_grad()
        output = self.net(self.images)
        (output[-1] if isinstance(output, tuple) else output).square().mean().backward()
        self.optimizer.step()

    def gather(self) -> dict:
        """Do what mmengine's runner and the hook do first."""
        optimizer = self.optimizer.state_dict()
        optimizer = apply_to(optimizer, lambda x: hasattr(x, 'cpu'), lambda x: x.cpu())
        checkpoint = dict(state_dict=weights_to_cpu(self.net.state_dict()), optimizer=optimizer)
        return make_plain(checkpoint)[0]

    def save_at_once(self) -> None:
        checkpoint = self.gather()
        assert not find_nonfinite(checkpoint)
        save_checkpoint(checkpoint, self.path, backend_args=ATOMIC)

    def save_in_background(self) -> None:
        parcel = Parcel()
        parcel.take(self.gather())
        parcel.address(self.path)
        self.thread.start(lambda: parcel.write(find_nonfinite, ATOMIC))

    def time(self, save: Callable[[], None]) -> tuple[float, float]:
        """Return the seconds of a save and a step, and this thread's own on the save alone.

        A save that is still under way then is finished.
        """
        self.wait()
        start, began = time.perf_counter(), time.thread_time()
        save()
        busy = time.thread_time() - began
        self.step()
        self.wait()
        seconds = time.perf_counter() - start
        if not self.thread.idle:
            self.thread.result()
        return seconds, busy


def main(args: argparse.Namespace) -> None:
    rows = []
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for arch in args.arch:
            training = Training(arch, args.batch_size, args.size, args.device, Path(folder))
            saves = dict(
                none=lambda: None,
                at_once=training.save_at_once,
                background=training.save_in_background,
            )
            times = {name: [] for name in saves}
            for number in range(WARMUP + args.rounds):
                for name, save in saves.items():
                    took = training.time(save)
                    if number >= WARMUP:
                        times[name].append(took)
                print(f'\r{arch}: round {number + 1}  ', end='', file=sys.stderr)
            medians = [map(statistics.median, zip(*took, strict=True)) for took in times.values()]
            (none, _), (at_once, busy), (background, busy_less) = medians
            size = Path(training.path).stat().st_size
            rows.append(
                [
                    arch, f'{size / 2**20:.0f}',
                    *(f'{1e3 * value:.1f}' for value in (none, at_once, background)),
                    f'{at_once / none:.2f}', f'{background / none:.2f}',
                    f'{1e3 * busy:.1f}', f'{1e3 * busy_less:.1f}',
                ]
            )  # fmt: skip
    print(file=sys.stderr)
    head = [
        'arch', 'checkpoint, MiB', 'step, ms', 'saved at once, ms', 'in the background, ms',
        'at once / step', 'background / step', 'busy at once, ms', 'in the background, ms',
    ]  # fmt: skip
    print(table(head, rows, texts=1))
    print(
        f'{args.batch_size} images of {args.size} px, {args.device}, median of {args.rounds} '
        f'interleaved steps, torch {torch.__version__}, {torch.get_num_threads()} threads.'
    )


if __name__ == '__main__':
    main(ARGS)
