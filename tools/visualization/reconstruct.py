"""Show what a pre-trained FCMAE makes of pictures.

A row a picture: original, masked (what the encoder sees), reconstruction (every patch as
predicted), and reconstruction with visible patches pasted. The decoder learns hidden patches alone,
so visible ones look odd in the third column; with norm_pix, mean and contrast of each patch are
taken from the original.
"""

import argparse

from mmcnx2 import arguments
from mmcnx2.outputs import check_file
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_config_options, add_device


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', type=arguments.location, help='path of the pre-training config')
    parser.add_argument(
        'checkpoint',
        type=arguments.location,
        help='path or address of the weights, decoder included',
    )
    parser.add_argument(
        'images',
        nargs='+',
        type=arguments.location,
        help='image files or folders, nested or not',
    )
    parser.add_argument(
        '--mask-ratio',
        type=arguments.inside,
        help="share of hidden patches (default: the config's)",
    )
    parser.add_argument('--seed', type=arguments.seed, default=0, help='of the masks (default: 0)')
    parser.add_argument(
        '--size',
        type=arguments.pixels,
        default=224,
        help='side in pixels to which the middle of each picture is brought (default: 224)',
    )
    parser.add_argument(
        '--batch-size',
        type=arguments.batch,
        default=8,
        help='pictures at a time, and a page (default: 8)',
    )
    parser.add_argument(
        '--show',
        type=arguments.shown,
        help='channels to draw, such as 4,3,2, numbered as in the file, or one '
        '(default: the first three, or the first)',
    )
    add_device(parser)
    parser.add_argument(
        '--out',
        type=arguments.picture,
        default='reconstructions.png',
        help='picture (default: %(default)s); several pages are numbered',
    )
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmengine.utils import ProgressBar

from mmcnx2.analysis.pictures import find_images
from mmcnx2.apis import FCMAEInferencer
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.engine.launch import check_checkpoint, read_config


def main(args: argparse.Namespace) -> None:
    try:
        cfg = read_config(args.config, options=args.cfg_options)
        check_checkpoint(args.checkpoint)
        fit_to_data(cfg, checkpoint=args.checkpoint)
        images = find_images(args.images)
        check_file(args.out, inputs=images)
        inferencer = FCMAEInferencer(cfg, args.checkpoint, device=args.device, size=args.size)
        stream = inferencer.stream(
            images,
            ratio=args.mask_ratio,
            seed=args.seed,
            batch_size=args.batch_size,
            out=args.out,
            show=args.show,
        )
        progress = ProgressBar(len(images))
        drawn = []
        for _, files in stream:
            drawn.append(len(files))
            progress.update(len(files))
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    where = args.out if len(drawn) == 1 else f'{len(drawn)} pages beside {args.out}'
    print(f'\nWrote {sum(drawn)} pictures to {where}')


if __name__ == '__main__':
    main(ARGS)
