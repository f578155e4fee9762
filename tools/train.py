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

from mmcnx2.compat import amp_off_without_gpu, join_processes_without_gpu
from mmcnx2.engine.launch import (
    check_checkpoint,
    check_config_stays,
    check_hooks,
    check_inputs,
    check_restarts,
    log_to,
    read_config,
)
from mmcnx2.engine.training import train
from mmcnx2.engine.work_dir import check_work_dir


def prepare(args: argparse.Namespace):
    """Return the config to run. See ``launch`` for the errors."""
    cfg = read_config(args.config, options=args.cfg_options, work_dir=args.work_dir)
    cfg.launcher = args.launcher
    log_to(cfg, args.log_to)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        wrapper = cfg.optim_wrapper
        wrapper.type = 'AmpOptimWrapper'
        wrapper.setdefault('dtype', 'bfloat16')
        # bfloat16 has float32's range: only float16 needs its loss scaled.
        half = wrapper.dtype == 'float16'
        wrapper.setdefault('loss_scale', 'dynamic' if half else dict(enabled=False))
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise ValueError(
                f"--auto-scale-lr needs the batch size that the rate of '{args.config}' is for: "
                'add auto_scale_lr=dict(base_batch_size=...) to it.'
            )
        cfg.auto_scale_lr.enable = True
    if args.resume == 'auto' and args.move_aside:
        raise ValueError(
            '--resume goes on with the checkpoints that --move-aside moves away: give one of the '
            'two, or --resume FILE with --move-aside.'
        )
    if args.resume:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
        check_checkpoint(cfg.load_from)
    check_config_stays(args.config, cfg.work_dir)
    check_restarts(args.resume)
    check_hooks(cfg)
    check_inputs(cfg, ('train_dataloader', 'val_dataloader'))
    check_work_dir(cfg.work_dir)
    return cfg


def main(args: argparse.Namespace) -> None:
    follow_starter()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    try:
        cfg = prepare(args)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    amp_off_without_gpu(cfg)
    join_processes_without_gpu(cfg)
    train(
        cfg,
        look=not args.no_data_check,
        move_aside=args.move_aside,
        given=args.cfg_options,
        debug=args.debug,
    )


if __name__ == '__main__':
    main(ARGS)
