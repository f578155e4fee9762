"""Render a small data set: unlabelled pictures, ImageNet folders, COCO JSON and ADE20K masks.

A folder that holds such a data set of other settings is moved aside, any other is left alone.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the demo's room is beside this one
from demo.scene_settings import MAX_CLASSES, MIN_SIZE, SceneSettings

from mmcnx2 import arguments
from mmcnx2.processes.threads import own_cores


def parse_args() -> argparse.Namespace:
    default = SceneSettings()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        '--out', type=arguments.path, default='data/scenes', help='folder of the data set'
    )
    parser.add_argument(
        '--unlabelled',
        type=arguments.images_or_none,
        default=default.unlabelled,
        help='number of pictures without labels',
    )
    parser.add_argument(
        '--train',
        type=arguments.images,
        default=default.train,
        help='number of labelled training pictures, at least one a class',
    )
    parser.add_argument(
        '--val',
        type=arguments.images,
        default=default.val,
        help='number of labelled validation pictures, at least one a class',
    )
    parser.add_argument(
        '--size',
        type=arguments.whole(MIN_SIZE, 4096),
        default=default.size,
        help='side of a picture, pixels',
    )
    parser.add_argument(
        '--classes',
        type=arguments.whole(2, MAX_CLASSES),
        default=default.classes,
        help=f'number of object classes, 2 to {MAX_CLASSES}',
    )
    parser.add_argument(
        '--seed', type=arguments.seed, default=default.seed, help='seed of all pictures'
    )
    parser.add_argument(
        '--workers',
        type=arguments.processes,
        default=own_cores(),
        help='processes; the files do not depend on their number',
    )
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

from demo.scenes import build


def main(args: argparse.Namespace) -> None:
    try:
        settings = SceneSettings(
            seed=args.seed,
            size=args.size,
            unlabelled=args.unlabelled,
            train=args.train,
            val=args.val,
            classes=args.classes,
        )
        start = time.perf_counter()
        rendered = build(args.out, settings, workers=args.workers)
    except (ValueError, OSError) as error:
        raise SystemExit(f'error: {error}') from None
    if not rendered:
        print(f'{args.out} is complete (seed {args.seed}): nothing to do.')
        return
    print(
        f'Wrote {args.unlabelled} unlabelled, {args.train} training and {args.val} validation '
        f'pictures to {args.out} in {time.perf_counter() - start:.0f} s.'
    )


if __name__ == '__main__':
    main(ARGS)
