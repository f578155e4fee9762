"""Draw loss, scores or any other logged number of one or several runs as curves."""

import argparse

from mmcnx2 import arguments
from mmcnx2.outputs import check_file


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'work_dirs', nargs='+', type=arguments.path, help='work folders of tools/train.py'
    )
    parser.add_argument(
        '--keys',
        nargs='+',
        type=arguments.word,
        default=['loss'],
        help='numbers to draw, one panel each, such as loss lr coco/bbox_mAP mIoU (default: loss)',
    )
    parser.add_argument(
        '--legend',
        nargs='+',
        type=arguments.word,
        help='names of the runs (default: their folders)',
    )
    parser.add_argument(
        '--out',
        type=arguments.picture,
        default='curves.png',
        help='picture (default: %(default)s)',
    )
    args = parser.parse_args()
    args.legend = args.legend or [str(folder) for folder in args.work_dirs]
    if len(args.legend) != len(args.work_dirs):
        parser.error(
            f'--legend names {len(args.legend)} runs, but there are {len(args.work_dirs)}.'
        )
    return args


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds

from mmcnx2.analysis.curves import draw_curves
from mmcnx2.analysis.training_log import read_scalars


def main(args: argparse.Namespace) -> None:
    try:
        check_file(args.out)
        runs = {
            name: read_scalars(folder)
            for name, folder in zip(args.legend, args.work_dirs, strict=True)
        }
        draw_curves(args.out, runs, args.keys)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    for name, scalars in runs.items():
        last = ', '.join(f'{key} {scalars[key][1][-1]:.4g}' for key in args.keys)
        print(f'{name}: last {last}')
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main(ARGS)
