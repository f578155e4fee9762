"""Draw how diverse the features of several networks are, block by block (paper Figure 4).

The mean pairwise cosine distance of each block's expanded (4C) channels, after GELU in V1 and after
GRN in V2, of whole images, averaged over images. 0 is collapse, 0.5 as diverse as can be. Beside
the picture, a .json holds every number and setting.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from mmcnx2 import arguments
from mmcnx2.outputs import check_file, write_text
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_model_argument


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'images',
        nargs='+',
        type=arguments.location,
        help='image files or folders, nested or not',
    )
    add_model_argument(parser)
    parser.add_argument(
        '--num-images',
        type=arguments.count,
        default=1000,
        metavar='N',
        help='draw N pictures from as many folders as possible (default: 1000, as in the paper)',
    )
    parser.add_argument('--seed', type=arguments.seed, default=0, help='of that draw (default: 0)')
    parser.add_argument(
        '--size', type=arguments.pixels, default=224, help='side in pixels (default: 224)'
    )
    parser.add_argument('--batch-size', type=arguments.batch, default=16, help='(default: 16)')
    parser.add_argument(
        '--out',
        type=arguments.picture,
        default='feature_diversity.png',
        help='picture (default: %(default)s)',
    )
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmengine.utils import track_iter_progress

from mmcnx2.analysis.encoders import Encoder, load_encoders
from mmcnx2.analysis.feature_diversity import draw_diversity, measure_diversity
from mmcnx2.analysis.features import CROP_RATIO
from mmcnx2.analysis.pictures import choose_images, find_images


def show_progress(batches: Iterable, count: int, encoder: Encoder) -> Iterator:
    print(f'{encoder.name} ({encoder.kind}), batches of pictures:', flush=True)
    yield from track_iter_progress((batches, count))
    print()


def main(args: argparse.Namespace) -> None:
    shorter_side = round(args.size / CROP_RATIO)
    beside = args.out.with_suffix('.json')
    try:
        check_file(args.out)
        check_file(beside)
        encoders = load_encoders(args.model, args.device)
        images = choose_images(find_images(args.images), args.num_images, seed=args.seed)
        found = {}
        for encoder in encoders:
            batches = encoder.read(
                images, args.size, batch_size=args.batch_size, shorter_side=shorter_side
            )
            steps = -(-len(images) // args.batch_size)
            found[encoder.name] = measure_diversity(
                encoder.net, show_progress(batches, steps, encoder)
            )
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    kinds = '; '.join(f'{encoder.name}: {encoder.kind}' for encoder in encoders)
    settings = (
        f'{len(images)} pictures, shorter side {shorter_side} px, middle {args.size} px, no mask. '
        f'{kinds}.'
    )
    draw_diversity({name: one.curve for name, one in found.items()}, args.out, settings=settings)
    report = dict(
        measure='1/C^2 sum_i sum_j (1 - cos(X_i, X_j)) / 2, per image, then the mean over images; '
        'a channel that is zero everywhere has distance 0 to all',
        depth='index of the block / (number of blocks - 1)',
        mask=None,
        size=args.size,
        shorter_side=shorter_side,
        seed=args.seed,
        folders=args.images,
        images=images,
        models={
            encoder.name: dict(
                checkpoint=encoder.checkpoint,
                dialect=encoder.dialect,
                features=encoder.kind,
                depths=encoder.net.depths,
                channels=encoder.net.channels,
                mean=list(encoder.mean),
                std=list(encoder.std),
                **asdict(found[encoder.name]),
            )
            for encoder in encoders
        },
    )
    write_text(beside, json.dumps(report, indent=1) + '\n')
    for name, one in found.items():
        stages = ', '.join(f'{value:.3f}' for value in one.stages)
        print(f'{name}: mean of each stage {stages}')
    print(f'Wrote {args.out} and {beside}')


if __name__ == '__main__':
    main(ARGS)
