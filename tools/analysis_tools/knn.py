"""Classify test images by their nearest neighbors among training images, without training.

Takes the encoder of any checkpoint, of a pre-training run or a classifier, and size and images from
a classification config. Features are the last stage's maps, averaged over space.
"""

import argparse
from collections.abc import Iterator

from mmcnx2 import arguments
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_config_options


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', type=arguments.location, help='path of a classification config')
    parser.add_argument(
        'checkpoint', type=arguments.location, help='path or address of the weights'
    )
    parser.add_argument(
        '-k', type=arguments.count, default=20, help='neighbors that vote (default: 20)'
    )
    parser.add_argument(
        '--temperature',
        type=arguments.positive,
        default=0.07,
        help='of their votes (default: 0.07)',
    )
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmengine.utils import track_iter_progress
from torch.utils.data import DataLoader

from mmcnx2.analysis.class_features import compute_class_features
from mmcnx2.analysis.knn import check_neighbors, knn_top1


def show_progress(loader: DataLoader) -> Iterator:
    return track_iter_progress((loader, len(loader)))


def main(args: argparse.Namespace) -> None:
    try:
        found = compute_class_features(
            args.config,
            args.checkpoint,
            settings=args.cfg_options,
            check=lambda images: check_neighbors(args.k, images),
            progress=show_progress,
        )
        top1 = knn_top1(*found.test, *found.train, k=args.k, temperature=args.temperature)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(
        f'\nk-NN top-1: {top1:.2f} % (k={args.k}, {len(found.test[1])} images against '
        f'{len(found.train[1])})'
    )


if __name__ == '__main__':
    main(ARGS)
