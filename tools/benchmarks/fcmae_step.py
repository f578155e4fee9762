"""Time the encoder's FCMAE training step (forward and backward) in each layout, beside 'masked'.

Needs torch, and Numba or Triton for what 'packed' runs on a CPU or a GPU; mmpretrain for the peer
'spark', its masked-dense encoder. All take turns in every round, and each has its memory measured
in a process of its own.
Example: python tools/benchmarks/fcmae_step.py --arch atto --batch-size 8
"""

import argparse
import sys
from collections.abc import Callable

from candidates import LAYOUTS

from mmcnx2 import arguments
from mmcnx2.archs import ARCHS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--arch', nargs='+', default=['atto', 'tiny'], choices=ARCHS)
    parser.add_argument(
        '--batch-size',
        nargs='+',
        type=arguments.batch,
        default=[8, 4],
        help='one an arch, or one for all',
    )
    parser.add_argument(
        '--layouts',
        nargs='+',
        default=['masked', 'packed'],
        choices=LAYOUTS,
        help='ratios are against the first',
    )
    parser.add_argument(
        '--size', type=arguments.pixels, default=224, help='side of the images in pixels'
    )
    parser.add_argument('--mask-ratio', type=arguments.inside, default=0.6)
    parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
    parser.add_argument(
        '--dtype',
        choices=['float32', 'bfloat16', 'float16'],
        default='float32',
        help='the lower ones through autocast',
    )
    parser.add_argument(
        '--rounds', type=arguments.rounds, default=20, help='steps of each layout that count'
    )
    args = parser.parse_args()
    if len(args.batch_size) == 1:
        args.batch_size *= len(args.arch)
    if len(args.batch_size) != len(args.arch):
        parser.error(
            f'--batch-size has {len(args.batch_size)} values for {len(args.arch)} archs: '
            'give one, or one an arch.'
        )
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

import torch
from measure import interleaved_medians, peak_memory
from peers import spark_encoder
from tables import table

from mmcnx2.nn import ConvNeXtV2, RandomMasking


def prepare_step(
    arch: str, layout: str, batch: int, size: int, mask_ratio: float, device: str, dtype: str
) -> Callable[[], None]:
    """Build an encoder and return its training step, which draws a new mask every time."""
    torch.manual_seed(0)
    if layout == 'spark':
        net = spark_encoder(arch).to(device)
    else:
        net = ConvNeXtV2(arch, layout=layout, final_norm=False).to(device)
    images = torch.randn(batch, 3, size, size, device=device)
    grid, masking = size // 32, RandomMasking(mask_ratio, seed=0)

    def step():
        visible = masking(batch, grid, grid)
        net.zero_grad(set_to_none=True)
        with torch.autocast(device, getattr(torch, dtype), enabled=dtype != 'float32'):
            latent = net(images, visible)
        latent.float().square().mean().backward()

    return step


def main(args: argparse.Namespace) -> None:
    rows = []
    for arch, batch in zip(args.arch, args.batch_size, strict=True):
        settings = (batch, args.size, args.mask_ratio, args.device, args.dtype)
        steps = {layout: prepare_step(arch, layout, *settings) for layout in args.layouts}
        seconds = interleaved_medians(
            steps,
            device=args.device,
            rounds=args.rounds,
            on_round=lambda n, arch=arch: print(f'\r{arch}: round {n}', end='', file=sys.stderr),
        )
        del steps
        print(f'\r{arch}: memory  ', file=sys.stderr)
        memory = {
            layout: peak_memory(prepare_step, arch, layout, *settings, device=args.device)
            for layout in args.layouts
        }
        first = args.layouts[0]
        rows += [
            [
                arch,
                layout,
                args.device,
                args.dtype,
                str(batch),
                f'{1e3 * seconds[layout]:.1f}',
                f'{batch / seconds[layout]:.1f}',
                f'{memory[layout] / 2**20:.0f}',
                f'{seconds[first] / seconds[layout]:.2f}',
                f'{memory[layout] / memory[first]:.2f}',
            ]
            for layout in args.layouts
        ]
    head = [
        'arch',
        'layout',
        'device',
        'dtype',
        'batch',
        'ms a step',
        'images/s',
        'peak MiB',
        f'speed / {args.layouts[0]}',
        f'memory / {args.layouts[0]}',
    ]
    print(table(head, rows, texts=4))
    print(
        f'Encoder, forward + backward, {args.size} px, mask ratio {args.mask_ratio}, median of '
        f'{args.rounds} interleaved steps, torch {torch.__version__}, '
        f'{torch.get_num_threads()} threads.'
    )


if __name__ == '__main__':
    main(ARGS)
