"""Time the dense backbone, inference and training step, beside timm's and mmpretrain's.

All take turns in every round. Example: python tools/benchmarks/dense_step.py --arch atto tiny
"""

import argparse
import sys
from collections.abc import Callable

from mmcnx2 import arguments
from mmcnx2.archs import ARCHS

PEERS = ('timm', 'timm, channels_last', 'mmpretrain')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--arch',
        nargs='+',
        default=['atto', 'femto', 'pico', 'nano', 'tiny', 'base'],
        choices=ARCHS,
    )
    parser.add_argument('--batch-size', type=arguments.batch, default=8)
    parser.add_argument(
        '--size', type=arguments.pixels, nargs='+', default=[224], help='H W, or one for both'
    )
    parser.add_argument('--mode', nargs='+', default=['inference', 'training'],
                        choices=['inference', 'training'])  # fmt: skip
    parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
    parser.add_argument(
        '--dtype',
        choices=['float32', 'bfloat16', 'float16'],
        default='float32',
        help='the lower ones through autocast',
    )
    parser.add_argument(
        '--rounds', type=arguments.rounds, default=10, help='steps of each that count'
    )
    args = parser.parse_args()
    if len(args.size) > 2:
        parser.error(f'--size takes one or two numbers, not {len(args.size)}.')
    args.size = args.size * 2 if len(args.size) == 1 else args.size
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

import torch
from measure import interleaved_medians
from peers import mmpretrain_convnext, timm_convnextv2
from tables import table
from torch import nn

from mmcnx2.nn.convnextv2 import ConvNeXtV2


def build(name: str, arch: str) -> nn.Module:
    """Return one of the candidates, with the pooled features of the last stage as its output."""
    if name == 'mmcnx2':
        return ConvNeXtV2(arch, gap_before_final_norm=True)
    return (mmpretrain_convnext if name == 'mmpretrain' else timm_convnextv2)(arch)


def prepare_step(
    name: str, arch: str, batch: int, size: list[int], mode: str, device: str, dtype: str
) -> Callable[[], None]:
    """Build a candidate and return what is timed."""
    torch.manual_seed(0)
    net = build(name, arch).to(device)
    net.train(mode == 'training')
    images = torch.randn(batch, 3, *size, device=device)
    if name.endswith('channels_last'):
        net, images = (x.to(memory_format=torch.channels_last) for x in (net, images))
    autocast = torch.autocast(device, getattr(torch, dtype), enabled=dtype != 'float32')

    def features():
        with autocast:
            output = net(images)
        return output[-1] if isinstance(output, tuple) else output

    def train():
        net.zero_grad(set_to_none=True)
        features().float().square().mean().backward()

    @torch.inference_mode()
    def infer():
        features()

    return train if mode == 'training' else infer


def main(args: argparse.Namespace) -> None:
    rows = []
    for arch in args.arch:
        for mode in args.mode:
            settings = (arch, args.batch_size, args.size, mode, args.device, args.dtype)
            names = ('mmcnx2', *PEERS)
            seconds = interleaved_medians(
                {name: prepare_step(name, *settings) for name in names},
                device=args.device,
                rounds=args.rounds,
                on_round=lambda n, arch=arch, mode=mode: print(
                    f'\r{arch}, {mode}: round {n}  ', end='', file=sys.stderr
                ),
            )
            best = min(seconds[name] for name in PEERS)
            rows.append(
                [
                    arch, mode,
                    *(f'{1e3 * seconds[name]:.1f}' for name in names),
                    f'{best / seconds["mmcnx2"]:.2f}',
                ]
            )  # fmt: skip
    print(file=sys.stderr)
    print(table(['arch', 'mode', *(f'{name}, ms' for name in names), 'ratio to best peer'], rows))
    height, width = args.size
    print(
        f'{args.batch_size} images of {height}x{width} px, {args.device}, {args.dtype}, median of '
        f'{args.rounds} interleaved calls, torch {torch.__version__}, '
        f'{torch.get_num_threads()} threads.'
    )


if __name__ == '__main__':
    main(ARGS)
