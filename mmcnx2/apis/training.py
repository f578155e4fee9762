"""From what a person says to a run: a config in the run's folder, and the training that it tells.

Nothing here trains: ``config.py`` does, as ``tools/train.py`` would.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from mmengine.config import Config

from mmcnx2.apis.calls import CallError, read_mapping
from mmcnx2.apis.changes import compare
from mmcnx2.apis.run import CONFIG, Run
from mmcnx2.apis.shipped import shipped
from mmcnx2.apis.training_options import TrainingOptions
from mmcnx2.engine.launch import log_to, read_config
from mmcnx2.outputs import is_occupied, write_text
from mmcnx2.paths import expand_home


class Recipe(Protocol):
    """One kind of training.

    Attributes:
        command: Name of the command.
        config: The shipped config that it begins with, below ``configs/``.
    """

    command: str
    config: str

    def decide(self, given: dict[str, Any]) -> dict[str, Any]:
        """Look at the data and decide what the person left open; what was decided is printed.

        Args:
            given: What the person said, of TrainingOptions and of the command's own.

        Returns:
            All of it that makes a difference, ready for JSON.
        """

    def configure(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        """Write what was decided into the config."""

    def lengthen(self, cfg: Config, arguments: Mapping[str, Any]) -> None:
        """Change the length of the training alone."""

    def next_command(self, run: Run) -> str:
        """Return the command that a person would go on with."""


def carry_out(recipe: Recipe, options: TrainingOptions) -> Run:
    """Begin a run, or go on with the one that is there.

    Raises:
        OSError: ``out`` holds something else, or cannot be written.
        ValueError: The run that is there was told otherwise.
        SystemExit: As :func:`mmcnx2.engine.training.train`.
    """
    given = _given(recipe, options)
    _check_device(options)
    _say(f'mmcnx2 {recipe.command}: {given["images"]} -> {options.out}')
    if options.overwrite or not Run.began_in(options.out):
        run = _begin(recipe, options, given)
        resume = None
    else:
        run = _go_on(recipe, options, given)
        resume = 'auto' if _has_checkpoint(run) else None
    if options.config_only:
        _say(f"Wrote '{run.config}': train it with this command without --config-only.")
        return run
    _train(run, options, resume=resume)
    _say(f'Done: {run.checkpoint}. Go on with\n  {recipe.next_command(run)}')
    return run


def _given(recipe: Recipe, options: TrainingOptions) -> dict[str, Any]:
    """Return what the person said, and nothing of how this start is to go."""
    control = ('out', 'overwrite', 'resume', 'config_only')
    said = {**recipe.given, **vars(options)}
    said['set'] = read_mapping('set', options.set)
    return {k: v for k, v in said.items() if k not in control and v is not None and v != {}}


def _begin(recipe: Recipe, options: TrainingOptions, given: dict[str, Any]) -> Run:
    out = options.out
    if options.resume:
        raise CallError('resume', f"goes on with a run, but '{out}' holds none: leave it out.")
    if is_occupied(out) and not options.overwrite:
        raise FileExistsError(
            f"'{out}' holds files that no command of mmcnx2 wrote, so nothing is written there: "
            'give another --out, or --overwrite, which moves what is there into a folder in it.'
        )
    arguments = recipe.decide(given)
    cfg = read_config(str(shipped('configs', recipe.config)), work_dir=out)
    recipe.configure(cfg, arguments)
    log_to(cfg, arguments.get('log_to', ()))
    _merge(cfg, arguments.get('set', {}))
    if options.overwrite and is_occupied(out):
        _move_all_aside(out)
    run = Run(out, recipe.command, arguments)
    Path(out).mkdir(parents=True, exist_ok=True)
    _write_config(run, cfg)
    run.write()
    return run


def _go_on(recipe: Recipe, options: TrainingOptions, given: dict[str, Any]) -> Run:
    run = Run.open(options.out)
    if run.command != recipe.command:
        raise FileExistsError(
            f"'{options.out}' holds a run of `mmcnx2 {run.command}`: give another --out, or "
            '--overwrite to begin anew.'
        )
    changed = compare(run.arguments, given)
    if not changed:
        return run
    arguments = {**run.arguments, **changed}
    for name, value in changed.items():
        _say(f'{name} is {value} from now on (was {run.arguments.get(name)}).')
    cfg = Config.fromfile(run.config)
    recipe.lengthen(cfg, arguments)
    set_workers(cfg, arguments['workers'])
    run = Run(run.folder, run.command, arguments)
    _write_config(run, cfg)
    run.write()
    return run


def set_workers(cfg: Config, workers: int) -> None:
    """Set the number of processes that load images for training, validation and test."""
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if cfg.get(name):
            cfg[name].num_workers = workers
            cfg[name].persistent_workers = workers > 0


def _merge(cfg: Config, settings: Mapping[str, Any]) -> None:
    from mmcnx2.engine.config_keys import check_given_keys
    from mmcnx2.engine.config_values import check_values

    check_given_keys(cfg, settings)
    cfg.merge_from_dict(dict(settings))
    check_values(cfg)


def _write_config(run: Run, cfg: Config) -> None:
    path = Path(run.config)
    if path.exists():
        path.unlink()  # of this run, whose arguments have changed
    head = f'# Written by `mmcnx2 {run.command}`: python tools/train.py {CONFIG} does the same.\n'
    write_text(path, head + cfg.pretty_text)


def _move_all_aside(folder: str) -> None:
    """Move everything in a folder into ``old-1`` (or ``old-2``, ...) in it."""
    from mmcnx2.engine.resuming.lock import lock

    locks = lock([Path(folder)])  # nobody trains there
    try:
        entries = [path for path in Path(folder).iterdir() if not _is_old(path)]
        number = 1
        while (aside := Path(folder, f'old-{number}')).exists():
            number += 1
        aside.mkdir()
        for path in entries:
            path.rename(aside / path.name)
        _say(f"What was in '{folder}' is now in '{aside}'.")
    finally:
        for each in locks:
            each.release()


def _is_old(path: Path) -> bool:
    return path.is_dir() and path.name.startswith('old-')


def _has_checkpoint(run: Run) -> bool:
    try:
        return bool(run.checkpoint)
    except FileNotFoundError:
        return False


def _check_device(options: TrainingOptions) -> None:
    """Refuse devices that are not there, before anything is written."""
    import torch

    from mmcnx2.engine.device import choose_device

    choose_device(options.device)
    there = torch.cuda.device_count()
    if options.gpus is not None and options.gpus > there:
        raise CallError('gpus', f'is {options.gpus}, but this machine has {there}.')


def _train(run: Run, options: TrainingOptions, *, resume: str | None) -> None:
    if options.gpus and options.gpus > 1:
        from mmcnx2.processes.torchrun import launch

        script = [str(shipped('tools', 'train.py')), run.config, '--launcher', 'pytorch']
        status = launch(
            [f'--nproc_per_node={options.gpus}', '--standalone', *script]
            + (['--resume'] if resume else [])
        )
        if status:
            raise SystemExit(status)
        return
    from mmcnx2.engine.start import start

    _choose_cuda(options.device)
    start(run.config, resume=resume)


def _choose_cuda(device: str | None) -> None:
    """Have CUDA show no other device than the one that was asked for; torch has not used it yet."""
    if device == 'cpu':
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
    elif device and device.startswith('cuda:'):
        os.environ['CUDA_VISIBLE_DEVICES'] = device.partition(':')[2]


def _say(text: str) -> None:
    print(expand_home(text) if text[:1] == '~' else text, file=sys.stdout, flush=True)
