"""Compute the GPU memory of training Mask R-CNN or UPerNet in bfloat16, and what fits which GPU.

Nothing is trained and no GPU is needed. The result is an estimate: see
mmcnx2/analysis/training_memory.py for what it counts.
"""

import argparse
from pathlib import Path

from mmcnx2 import arguments
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_config_options

GPUS = (8, 16, 24, 80)  # GB
SHAPES = dict(mmdet=(1024, 1024), mmseg=(512, 512))  # of the paper's crops


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'configs',
        nargs='+',
        type=arguments.location,
        help='paths of configs, a line of the table each',
    )
    parser.add_argument(
        '--shape',
        type=arguments.pixels,
        nargs=2,
        metavar='PIXELS',
        help="height and width in training (default: the paper's, 1024 1024 for detection, "
        '512 512 for segmentation)',
    )
    add_config_options(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmcnx2.analysis.training_memory import measure_training_memory
from mmcnx2.engine.launch import read_config


def main(args: argparse.Namespace) -> None:
    gpus = ' | '.join(f'{gpu} GB' for gpu in GPUS)
    print(f'| config | state, GB | an image, GB | checkpointed, GB | {gpus} |')
    print('|---' * (4 + len(GPUS)) + '|')
    for path in args.configs:
        try:
            cfg = read_config(path, options=args.cfg_options)
            height, width = args.shape or SHAPES.get(cfg.default_scope, (224, 224))
            plain, checkpointed = (
                measure_training_memory(cfg, height, width, checkpointing=checkpointing)
                for checkpointing in (False, True)
            )
        except (FileNotFoundError, ValueError) as error:
            raise SystemExit(f'error: {error}') from None
        sizes = [plain.state, *(m.step(1) - m.step(0) for m in (plain, checkpointed))]
        fits = [f'{plain.fits(gpu * 1e9)} ({checkpointed.fits(gpu * 1e9)})' for gpu in GPUS]
        cells = [Path(path).stem, *(f'{size / 1e9:.1f}' for size in sizes), *fits]
        print(f'| {" | ".join(cells)} |', flush=True)
    print('\nImages a GPU; in brackets with gradient checkpointing.')


if __name__ == '__main__':
    main(ARGS)
