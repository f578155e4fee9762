"""Pack a folder of images, or an ImageNet tree, into tar shards that training can stream.

Stopped at any point, the same command goes on where it was. Example:
python tools/dataset_tools/make_shards.py data/imagenet/train --out data/imagenet-shards --labels

Tar files that others made, such as img2dataset, are used as they are, once they have an index:
python tools/dataset_tools/make_shards.py --index data/laion
"""

import argparse
import time

from mmcnx2 import arguments
from mmcnx2.processes.threads import own_cores


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'source',
        nargs='?',
        type=arguments.location,
        help='folder of images, nested as deep as it likes',
    )
    parser.add_argument('--out', type=arguments.location, help='folder of the shards')
    parser.add_argument(
        '--index',
        metavar='DIR',
        type=arguments.location,
        help='write an index of the tar files in a folder, in the WebDataset format, and make none',
    )
    parser.add_argument(
        '--verify',
        metavar='DIR',
        type=arguments.location,
        help='check the shards in a folder against their index, and make none',
    )
    parser.add_argument(
        '--labels', action='store_true', help='the folders directly below the source are classes'
    )
    parser.add_argument(
        '--images-per-shard',
        type=arguments.count,
        default=1000,
        metavar='N',
        help='default: %(default)s',
    )
    parser.add_argument(
        '--seed',
        type=arguments.seed,
        default=0,
        help='of the order of the images; default: %(default)s',
    )
    parser.add_argument(
        '--quality',
        type=arguments.whole(1, 100),
        metavar='Q',
        help='encode again as JPEG of this quality, 4:2:0; default: pack the files as they are',
    )
    parser.add_argument(
        '--short-side',
        type=arguments.pixels,
        metavar='PIXELS',
        help='reduce larger images to this short side, as JPEG of --quality or 90',
    )
    parser.add_argument(
        '--workers', type=arguments.processes, default=own_cores(),
        help='processes; the shards do not depend on their number',
    )  # fmt: skip
    args = parser.parse_args()
    if not (args.verify or args.index) and not (args.source and args.out):
        parser.error('give a folder of images and --out, or --index, or --verify.')
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

from mmcnx2.datasets.shards.index import ShardIndex
from mmcnx2.datasets.shards.indexing import index_tars
from mmcnx2.datasets.shards.pack import PackSettings, pack
from mmcnx2.datasets.shards.recompress import Recompression
from mmcnx2.datasets.shards.verify import verify


def main(args: argparse.Namespace) -> None:
    try:
        if args.verify:
            if problems := verify(args.verify):
                raise SystemExit('\n'.join(f'error: {problem}' for problem in problems))
            print(f'{args.verify}: all shards are as the index says.')
            return
        if args.index:
            index, left_out = index_tars(args.index, workers=args.workers)
            print(_describe(args.index, index))
            if text := str(left_out):
                print(f'Left out: {text}.')
            return
        recompression = None
        if args.quality is not None or args.short_side is not None:
            recompression = Recompression(args.quality, args.short_side)
        settings = PackSettings(args.images_per_shard, args.labels, args.seed, recompression)
        start = time.perf_counter()
        index = pack(args.source, args.out, settings, workers=args.workers)
    except (ValueError, OSError) as error:
        raise SystemExit(f'error: {error}') from None
    print(_describe(args.out, index), f'({time.perf_counter() - start:.0f} s)')
    if index.left_out:
        print(f'{len(index.left_out)} files were no images; index.json lists them as left_out.')


def _describe(folder: str, index: ShardIndex) -> str:
    size = sum(shard.bytes for shard in index.shards)
    count = len(index.shards)
    return f'{folder} holds {index.images} images in {count} shards, {size / 1e9:.2f} GB.'


if __name__ == '__main__':
    main(ARGS)
