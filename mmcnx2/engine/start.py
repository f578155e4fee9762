"""From the path of a config to a training: what tools/train.py and the commands share."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mmcnx2.compat import amp_off_without_gpu, join_processes_without_gpu
from mmcnx2.engine.launch import (
    check_checkpoint,
    check_hooks,
    check_inputs,
    check_restarts,
    keep_config,
    log_to,
    read_config,
)
from mmcnx2.engine.training import train
from mmcnx2.engine.work_dir import check_work_dir


class RefusedError(ValueError):
    """What was asked for cannot be begun; nothing has been done."""


def start(config: str, *, look: bool = True, debug: bool = False, **options) -> None:
    """Train as a config says.

    Args:
        config: Path of the config.
        look: Look at the data first.
        debug: Leave an error of building as it is, with its traceback.
        options: Of :func:`prepare`.

    Raises:
        RefusedError: What :func:`prepare` refuses.
        SystemExit: See :func:`.train`.
    """
    try:
        cfg = prepare(config, **options)
    except (OSError, ValueError) as error:
        raise RefusedError(str(error)) from error
    amp_off_without_gpu(cfg)
    join_processes_without_gpu(cfg)
    train(
        cfg,
        look=look,
        move_aside=options.get('move_aside', False),
        given=options.get('settings'),
        debug=debug,
    )


def prepare(
    config: str,
    *,
    settings: Mapping[str, Any] | None = None,
    work_dir: str | None = None,
    resume: str | None = None,
    move_aside: bool = False,
    launcher: str = 'none',
    log_backends: Sequence[str] = (),
    validate: bool = True,
    amp: bool = False,
    auto_scale_lr: bool = False,
) -> Config:
    """Read a config, apply a command line's options to it, and refuse what cannot run.

    Args:
        config: Path of the config.
        settings: Dotted keys to values that replace the config's.
        work_dir: Folder of the run instead of the config's.
        resume: A checkpoint to go on from, or 'auto' for the work folder's latest one.
        move_aside: Begin anew in a work folder that holds checkpoints.
        launcher: What started the processes, 'none' if there is one alone.
        log_backends: Where to log besides, of ``LOG_BACKENDS``.
        validate: Validate as the config says.
        amp: Mixed precision, in bfloat16 if the config names no other.
        auto_scale_lr: Scale the learning rate by the batch size.

    Raises:
        OSError: Data, weights or the work folder are not there, or cannot be used.
        ValueError: Options that do not fit each other, or the config.
    """
    cfg = read_config(config, options=settings, work_dir=work_dir)
    cfg.launcher = launcher
    log_to(cfg, log_backends)
    if not validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if amp:
        wrapper = cfg.optim_wrapper
        wrapper.type = 'AmpOptimWrapper'
        wrapper.setdefault('dtype', 'bfloat16')
        # bfloat16 has float32's range: only float16 needs its loss scaled.
        half = wrapper.dtype == 'float16'
        wrapper.setdefault('loss_scale', 'dynamic' if half else dict(enabled=False))
    if auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise ValueError(
                f"--auto-scale-lr needs the batch size that the rate of '{config}' is for: "
                'add auto_scale_lr=dict(base_batch_size=...) to it.'
            )
        cfg.auto_scale_lr.enable = True
    if resume == 'auto' and move_aside:
        raise ValueError(
            '--resume goes on with the checkpoints that --move-aside moves away: give one of the '
            'two, or --resume FILE with --move-aside.'
        )
    if resume:
        cfg.resume = True
        cfg.load_from = None if resume == 'auto' else resume
        check_checkpoint(cfg.load_from)
    keep_config(cfg)
    check_restarts(resume)
    check_hooks(cfg)
    check_inputs(cfg, ('train_dataloader', 'val_dataloader'))
    check_work_dir(cfg.work_dir)
    return cfg
