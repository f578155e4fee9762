"""Count the parameters and multiply-adds ("FLOPs" in papers) of any config's model.

Nothing is computed and no weights are needed: it takes seconds for every size.
"""

import argparse

from mmcnx2 import arguments
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_config_options

# What the paper counts at: 224 px for classification, see Tables 6 and 7 for the other two.
SHAPES = dict(mmpretrain=(224, 224), mmdet=(800, 1280), mmseg=(512, 2048))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', type=arguments.location, help='path of the config')
    parser.add_argument(
        '--shape',
        type=arguments.pixels,
        nargs='+',
        metavar='PIXELS',
        help='height and width of the image, or both in one number (default: what the paper '
        'counts at, 224, 800 1280 for detection, 512 2048 for segmentation)',
    )
    add_config_options(parser)
    args = parser.parse_args()
    if args.shape and len(args.shape) > 2:
        parser.error(f'--shape takes one or two numbers, not {len(args.shape)}.')
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmcnx2.analysis.model_complexity import measure_complexity
from mmcnx2.engine.launch import read_config


def main(args: argparse.Namespace) -> None:
    try:
        cfg = read_config(args.config, options=args.cfg_options)
        height, width = (2 * args.shape)[:2] if args.shape else SHAPES[cfg.default_scope]
        result = measure_complexity(cfg, height, width)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    line = '=' * 40
    print(line)
    print(f'Input shape: {height}x{width} (height x width)')
    for part, count in result.multiply_adds.items():
        print(f'  {part:24}{count / 1e9:10.2f}G')
    print(f'Flops:  {result.total / 1e9:.2f}G multiply-adds')
    print(f'Params: {result.parameters / 1e6:.2f}M')
    print(line)


if __name__ == '__main__':
    main(ARGS)
