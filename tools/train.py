"""Train: pre-training, classification, detection or segmentation, as the config says."""

import argparse
import os

from mmcnx2.processes.signals import leave_when_told

leave_when_told()  # before the imports, which take their time

from mmcnx2 import arguments
from mmcnx2.choices import LOG_BACKENDS
from mmcnx2.processes.following import follow_starter
from mmcnx2.processes.threads import settle_threads
from mmcnx2.shared_options import add_common_arguments


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', type=arguments.location, help='path of the config')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        type=arguments.location,
        metavar='CHECKPOINT',
        help="go on from a checkpoint, or from the work folder's latest one if none is given",
    )
    parser.add_argument(
        '--move-aside',
        action='store_true',
        help='begin anew in a work folder that holds checkpoints: what earlier runs left there is '
        'moved into a folder old-1 (or old-2, ...) in it',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision, in bfloat16')
    parser.add_argument('--no-validate', action='store_true', help='train without validation')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help="scale the learning rate by the batch size over the config's base_batch_size",
    )
    parser.add_argument(
        '--log-to',
        nargs='+',
        choices=sorted(LOG_BACKENDS),
        default=[],
        help='where to log besides the work folder',
    )
    add_common_arguments(parser)
    return parser.parse_args()


if __name__ == '__main__':
    ARGS = parse_args()  # before the imports below, which take seconds
    settle_threads()  # before torch is imported, which reads it

from mmcnx2.engine.start import RefusedError, start


def main(args: argparse.Namespace) -> None:
    follow_starter()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    try:
        start(
            args.config,
            settings=args.cfg_options,
            work_dir=args.work_dir,
            resume=args.resume,
            move_aside=args.move_aside,
            launcher=args.launcher,
            log_backends=args.log_to,
            validate=not args.no_validate,
            amp=args.amp,
            auto_scale_lr=args.auto_scale_lr,
            look=not args.no_data_check,
            debug=args.debug,
        )
    except RefusedError as error:
        raise SystemExit(f'error: {error}') from None


if __name__ == '__main__':
    main(ARGS)
