"""Draw what 64 channels of a block answer to a picture, a panel a model (paper Figure 3).

Channels are expanded (4C) features, after GELU in V1 and after GRN in V2, of the whole picture. The
paper does not say which block and channels it shows; the defaults here are the last block of stage
3, where most blocks are, and 64 channels at equal distances.
"""

import argparse
from collections.abc import Sequence

from mmcnx2 import arguments
from mmcnx2.outputs import check_file
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_model_argument


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'image', type=arguments.path, help='image file, or a folder, whose first one is taken'
    )
    add_model_argument(parser)
    parser.add_argument(
        '--stage', type=arguments.whole(1, 4), default=3, help='from 1 (default: 3)'
    )
    parser.add_argument(
        '--block',
        type=arguments.whole(1, 1000, also=[-1]),
        default=-1,
        help='of the stage, from 1; -1 is the last (default: -1)',
    )
    parser.add_argument(
        '--channels',
        type=arguments.whole(0, 10**6),
        nargs='+',
        metavar='NUMBER',
        help='up to 64 channels, from 0 (default: 64 at equal distances)',
    )
    parser.add_argument(
        '--size', type=arguments.pixels, default=224, help='side in pixels (default: 224)'
    )
    parser.add_argument(
        '--out',
        type=arguments.picture,
        default='activation_maps.png',
        help='picture (default: %(default)s)',
    )
    args = parser.parse_args()
    if args.channels and len(args.channels) > 64:
        parser.error(f'--channels names {len(args.channels)}, but a panel holds 64.')
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmcnx2.analysis.activation_maps import draw_activation_maps, expanded_maps
from mmcnx2.analysis.encoders import Encoder, load_encoders
from mmcnx2.analysis.features import CROP_RATIO
from mmcnx2.analysis.pictures import find_images, read_square


def describe(args: argparse.Namespace, encoders: Sequence[Encoder]) -> str:
    """Say below the picture what it shows."""
    block = 'last block' if args.block == -1 else f'block {args.block}'
    channels = 'chosen channels' if args.channels else 'channels at equal distances'
    kinds = '; '.join(f'{encoder.name}: {encoder.kind}' for encoder in encoders)
    return (
        f'Stage {args.stage}, {block}, {channels} of 4C, {args.size} px, no mask; one color scale '
        f'a panel.\n{kinds}.'
    )


def main(args: argparse.Namespace) -> None:
    shorter_side = round(args.size / CROP_RATIO)
    panels = {}
    try:
        file = find_images([args.image])[0]
        check_file(args.out, inputs=[file])
        encoders = load_encoders(args.model, args.device)
        for encoder in encoders:
            (image,) = encoder.read([file], args.size, batch_size=1, shorter_side=shorter_side)
            panels[encoder.name] = expanded_maps(
                encoder.net, image, stage=args.stage, block=args.block, channels=args.channels
            )
        picture = read_square(file, args.size, shorter_side=shorter_side)
        draw_activation_maps(
            panels,
            args.out,
            picture=picture.flip(0).permute(1, 2, 0).numpy(),
            settings=describe(args, encoders),
        )
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main(ARGS)
