"""From what a person says to a run: a config in the run's folder, and the training that it tells.

Nothing here trains: ``config.py`` does, as ``tools/train.py`` would.
"""

import contextlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from mmengine.config import Config

from mmcnx2.apis.calls import CallError, read_mapping
from mmcnx2.apis.changes import compare
from mmcnx2.apis.devices import check_gpus
from mmcnx2.apis.run import CONFIG, MADE_BY, Run
from mmcnx2.apis.training_options import TrainingOptions
from mmcnx2.engine.config_keys import check_given_keys
from mmcnx2.engine.config_values import check_values
from mmcnx2.engine.launch import DATALOADERS, log_to, read_config
from mmcnx2.engine.resuming.lock import lock
from mmcnx2.outputs import check_folder, is_occupied, move_contents_aside
from mmcnx2.paths import shipped
from mmcnx2.processes.signals import STOPPED, TRY_AGAIN

_OF_THIS_START = ('out', 'overwrite', 'resume', 'config_only', 'no_data_check')
_PATHS = ('images', 'from_', 'val')


class Recipe(Protocol):
    """One kind of training.

    Attributes:
        command: Name of the command.
        config: The shipped config that it begins with, below ``configs/``.
        given: Values of the command's own parameters, None for those that were left out.
    """

    command: str
    config: str
    given: Mapping[str, Any]

    def decide(self, given: dict[str, Any], cfg: Config) -> dict[str, Any]:
        """Look at the data and decide what the person left open; what was decided is printed.

        Args:
            given: What the person said, of TrainingOptions and of the command's own.
            cfg: The shipped config.

        Returns:
            All of it that makes a difference, ready for JSON. ``files`` are texts or bytes by
            name that the config reads from the run's folder.
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
    print(f'mmcnx2 {recipe.command}: {recipe.given["images"]} -> {options.out}', flush=True)
    check_gpus(options.gpus)
    run = compose(recipe, options)
    if options.config_only:
        print(f"Wrote '{run.config}': the same command without --config-only trains it.")
        return run
    try:
        train(run, gpus=options.gpus, look=not options.no_data_check)
    except SystemExit as end:
        if end.code in (STOPPED, TRY_AGAIN) and run.has_checkpoint:
            print('The same command goes on.', flush=True)
        raise
    next_commands = f'  mmcnx2 report {run.folder}\n  {recipe.next_command(run)}'
    print(f'Done: {run.checkpoint}. Go on with\n{next_commands}', flush=True)
    return run


def compose(recipe: Recipe, options: TrainingOptions) -> Run:
    """Write a run's config and what it was told, or take those that are there.

    What has no checkpoint yet is written anew: data and words may have been mended.

    Raises:
        OSError: ``out`` holds something else, or cannot be written.
        ValueError: The run that is there was told otherwise.
    """
    given = _given(recipe, options)
    there = Run.began_in(options.out) and not options.overwrite
    if there and (run := Run.open(options.out)).has_checkpoint:
        return _go_on(run, recipe, given)
    if options.resume:
        raise CallError('resume', f"goes on with a run, but '{options.out}' holds none.")
    return _begin(recipe, options, given)


def _given(recipe: Recipe, options: TrainingOptions) -> dict[str, Any]:
    """Return what the person said, and nothing of how this start is to go."""
    said = {**recipe.given, **vars(options), 'set': read_mapping('set', options.set)}
    given = {
        name: value
        for name, value in said.items()
        if name not in _OF_THIS_START and value is not None and value != {}
    }
    for name in _PATHS:
        if os.path.exists(given.get(name, '')):
            given[name] = os.path.abspath(given[name])  # the run goes on from any folder
    return json.loads(json.dumps(given))  # as it will be read from the run's note


def _begin(recipe: Recipe, options: TrainingOptions, given: dict[str, Any]) -> Run:
    out = options.out
    if not options.overwrite:
        check_folder(out, MADE_BY)
    cfg = read_config(str(shipped(f'configs/{recipe.config}')), work_dir=os.path.abspath(out))
    if given.get('batch_size') == 'auto':
        given['batch_size'] = _measured_batch(recipe, given, cfg)
    arguments = recipe.decide(given, cfg)
    files = arguments.pop('files', {})
    cfg.experiment_name = os.path.basename(cfg.work_dir)
    recipe.configure(cfg, arguments)
    log_to(cfg, arguments.get('log_to', ()))
    _merge(cfg, arguments.get('set', {}))
    if options.overwrite and is_occupied(out):
        clear(out)
    run = Run(out, recipe.command, arguments)
    run.write(_text(run, cfg), files)
    return run


def _measured_batch(recipe: Recipe, given: Mapping[str, Any], cfg: Config) -> int:
    """Return how many images a step fit into the GPU's memory, or the recipe's number without one.

    Args:
        recipe: Its decisions depend on the batch: those for the recipe's own are tried.
        given: What the person said.
        cfg: The shipped config; stays as it is.
    """
    usual = cfg.train_dataloader.batch_size
    if given.get('device') == 'cpu' or not torch.cuda.is_available():
        print(f'Without a GPU there is no memory to fill: {usual} images a step.', flush=True)
        return usual
    from mmcnx2.engine.batch_size import measure

    print('Trying how many images a step fit ...', flush=True)
    trial = cfg.copy()
    with contextlib.redirect_stdout(io.StringIO()):
        arguments = recipe.decide({**given, 'batch_size': usual}, trial)
    recipe.configure(trial, arguments)
    _merge(trial, given.get('set', {}))
    return measure(trial, images=arguments['training_images'])


def clear(out: str) -> None:
    """Move aside what is in a folder, if nobody trains there.

    Raises:
        CannotStartError: Somebody does.
    """
    locks = lock([Path(out)])
    for each in locks:
        each.release()
    move_contents_aside(out)


def _go_on(run: Run, recipe: Recipe, given: dict[str, Any]) -> Run:
    if run.command != recipe.command:
        raise FileExistsError(
            f"'{run.folder}' holds a run of `mmcnx2 {run.command}`: give another --out, or "
            '--overwrite to begin anew.'
        )
    if given.get('batch_size') == 'auto':
        del given['batch_size']  # it was tried when the run began
    changed = compare(run.arguments, given)
    if not changed:
        return run
    arguments = {**run.arguments, **changed}
    for name, value in changed.items():
        print(f'{name} is {value} from now on (was {run.arguments.get(name)}).')
    cfg = Config.fromfile(run.config)
    recipe.lengthen(cfg, arguments)
    run = Run(run.folder, run.command, arguments)
    run.write(_text(run, cfg))
    return run


def _merge(cfg: Config, settings: Mapping[str, Any]) -> None:
    check_given_keys(cfg, settings)
    # What is given replaces what is there, dicts as a whole.
    whole = {key: value for key, value in settings.items() if not isinstance(value, Mapping)}
    parts = {key: dict(settings[key], _delete_=True) for key in settings.keys() - whole.keys()}
    cfg.merge_from_dict(whole | parts)
    check_values(cfg)


def _text(run: Run, cfg: Config) -> str:
    head = f'# Written by `mmcnx2 {run.command}`: python tools/train.py {CONFIG} does the same.\n'
    return head + cfg.pretty_text


def train(run: Run, *, gpus: int | None = None, look: bool = True) -> None:
    """Train as the config in a run's folder says, from its newest checkpoint if there is one.

    Args:
        run: The run.
        gpus: Number of GPUs; more than one are trained on by as many processes.
        look: Look at the data first.

    Raises:
        SystemExit: As :func:`mmcnx2.engine.training.train`; with the status of the processes.
    """
    resume = 'auto' if run.has_checkpoint else None
    if (gpus or 1) == 1:
        from mmcnx2.engine.start import start

        start(
            run.config,
            work_dir=run.folder,
            resume=resume,
            look=look,
            settings=loading_settings(run),
        )
        return
    from mmcnx2.processes.torchrun import launch

    switches = ['--launcher', 'pytorch', *([] if look else ['--no-data-check'])]
    status = launch(
        ['--standalone', f'--nproc_per_node={gpus}', *command_line(run, switches=switches)]
    )
    if status:
        raise SystemExit(status)


def command_line(run: Run, *, switches: Sequence[str] = ()) -> list[str]:
    """Return the tool and its arguments that train a run, from its newest checkpoint if any.

    Args:
        run: The run.
        switches: Further ones of the tool.
    """
    words = [str(shipped('tools/train.py')), run.config, '--work-dir', run.folder, *switches]
    words += ['--resume'] if run.has_checkpoint else []
    settings = [f'{key}={value}' for key, value in loading_settings(run).items()]
    return words + (['--cfg-options', *settings] if settings else [])


def loading_settings(run: Run) -> dict[str, int]:
    """Return the keys of the loading processes that a person has asked for."""
    if 'workers' not in run.arguments:
        return {}
    loaders = ['train_dataloader'] if run.command == 'pretrain' else DATALOADERS
    return {f'{name}.num_workers': run.arguments['workers'] for name in loaders}
