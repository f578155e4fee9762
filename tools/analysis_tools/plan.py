"""Plan a pre-training on many GPUs: memory, time, cost, loading, each assumption shown.

It computes and measures nothing: without --throughput the speed is an estimate from data sheets.
"""

import argparse
import dataclasses
from pathlib import Path

from budget import GB, GPUS, Assumptions, Plan, make_plan

from mmcnx2 import arguments
from mmcnx2.archs import ARCHS
from mmcnx2.processes.threads import settle_threads

CONFIG = 'configs/fcmae/fcmae_convnextv2-{arch}_64xb64-amp-coslr-1600e_in1k.py'
ROOT = Path(__file__).parents[2]
DEFAULT = Assumptions()


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument('--arch', choices=ARCHS, required=True, help='size of the encoder')
    parser.add_argument(
        '--gpus', type=arguments.whole(1, 10**6), required=True, help='in all machines'
    )
    parser.add_argument('--gpu', choices=GPUS, required=True, help='their kind')
    parser.add_argument(
        '--images', type=arguments.large_count, default='1281167', help='such as 14M'
    )
    parser.add_argument(
        '--epochs', type=arguments.epochs, default=1600, help='passes through the images'
    )
    parser.add_argument('--batch-per-gpu', type=arguments.batch, default=64, help='images a step')
    parser.add_argument(
        '--size', type=arguments.pixels, default=224, help='side of the images in pixels'
    )
    parser.add_argument(
        '--throughput', type=arguments.positive, help='images a second of a GPU, measured'
    )
    parser.add_argument('--fsdp', action='store_true', help='share weights and averages out')
    parser.add_argument(
        '--price', type=arguments.not_negative, default=0.0, help='of a GPU for an hour'
    )
    parser.add_argument('--efficiency', type=arguments.share, default=DEFAULT.efficiency,
                        help="share of the data sheet's speed")  # fmt: skip
    parser.add_argument(
        '--network', type=arguments.positive, default=DEFAULT.network / GB, help='GB/s a GPU'
    )
    parser.add_argument(
        '--image-kb', type=arguments.positive, default=DEFAULT.image_bytes / 1e3, help='stored'
    )
    parser.add_argument('--images-per-core', type=arguments.positive,
                        default=DEFAULT.images_per_core,
                        help='that a loading core prepares in a second')  # fmt: skip
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmengine.config import Config

from mmcnx2.analysis.model_complexity import measure_complexity


def main(args: argparse.Namespace) -> None:
    try:
        taken = Assumptions(
            efficiency=args.efficiency,
            network=args.network * GB,
            sharded=args.fsdp,
            image_bytes=args.image_kb * 1e3,
            images_per_core=args.images_per_core,
            price=args.price,
        )
        cfg = Config.fromfile(ROOT / CONFIG.format(arch=args.arch))
        complexity = measure_complexity(cfg, args.size, args.size)
        plan = make_plan(
            args.arch,
            gpus=args.gpus,
            gpu=args.gpu,
            images=args.images,
            epochs=args.epochs,
            batch_per_gpu=args.batch_per_gpu,
            parameters=complexity.parameters,
            multiply_adds=complexity.total,
            size=args.size,
            throughput=args.throughput,
            assumptions=taken,
        )
    except ValueError as error:
        raise SystemExit(f'error: {error}') from None
    print(report(args, complexity, taken, plan))


def report(args: argparse.Namespace, complexity, taken: Assumptions, plan: Plan) -> str:
    """Return the plan as lines of text."""
    card = GPUS[args.gpu]
    fits = 'fits' if plan.memory <= card.memory else 'DOES NOT FIT: less a batch, or --fsdp'
    speed = 'as given' if args.throughput else 'an estimate, not a measurement'
    lines = [
        f'FCMAE {args.arch}, {args.images:,} images, {args.epochs} epochs, '
        f'{args.gpus} x {args.gpu}',
        '',
        f'Memory a GPU      {plan.memory / GB:,.1f} of {card.memory / GB:.0f} GB ({fits}); room '
        f'for {plan.largest_batch} images',
        f'Batch             {args.gpus * args.batch_per_gpu:,} images, {args.batch_per_gpu} a GPU',
        f'Steps             {plan.steps:,}',
        f'Speed             {plan.images_per_gpu:,.0f} images/s a GPU ({speed})',
        f'Time              {plan.days:,.1f} days',
        *([f'Cost              {plan.cost:,.0f} at {taken.price:g} an hour'] if plan.cost else []),
        f'Loading           {plan.loader_cores:,} cores, {plan.loader_cores / args.gpus:.1f} a GPU',
        f'Storage           {plan.read_rate / GB:,.2f} GB/s, {plan.stored / GB:,.0f} GB in all',
        '',
        'Of a step, in ms: '
        + (', '.join(f'{k} {1e3 * v:.1f}' for k, v in plan.limits.items()) or 'not estimated'),
        '',
        'Computed from',
        f'  parameters = {complexity.parameters:,}',
        f'  multiply-adds an image = {complexity.total:,}',
        *(f'  {args.gpu} {k} = {v:g}' for k, v in dataclasses.asdict(card).items()),
        *(f'  {k} = {v:g}' for k, v in dataclasses.asdict(taken).items()),
    ]
    return '\n'.join(lines)


if __name__ == '__main__':
    main(ARGS)
