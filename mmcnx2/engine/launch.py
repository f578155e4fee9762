"""From a command line to a config that can run: what tools/train.py and tools/test.py share."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.logging import print_log

from mmcnx2.checkpoints.published import is_remote, names_near
from mmcnx2.checks import check_not_empty
from mmcnx2.choices import LOG_BACKENDS
from mmcnx2.compat.yaml_load import YamlError
from mmcnx2.engine.config_keys import check_given_keys
from mmcnx2.engine.config_texts import map_texts, set_data_root
from mmcnx2.engine.config_values import check_values
from mmcnx2.paths import expand_home
from mmcnx2.registry import HOOKS

DATALOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def read_config(
    path: str, *, options: Mapping | None = None, work_dir: str | None = None
) -> Config:
    """Read a config file and apply the command line's options to it.

    Args:
        path: The config file.
        options: ``--cfg-options``, dotted keys to values. ``data_root`` goes through
            :func:`set_data_root`, and ``num_classes`` is ``model.num_classes``.
        work_dir: ``--work-dir``; without it the config's, else ``work_dirs/<name of the config>``.

    Returns:
        The config; ``~`` at the beginning of a text is the home folder.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is YAML that holds more than data, or is none, if ``data_root`` or
            ``work_dir`` is given and empty, if nothing reads a key of the options
            (:func:`.check_given_keys`), or if a plain value is out of its range
            (:func:`.check_values`).
    """
    path = expand_home(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"config '{path}' does not exist: give the path of a .py config.")
    try:
        cfg = Config.fromfile(path)
    except YamlError as error:
        raise ValueError(f"config '{path}' cannot be read: {error}") from None
    options = dict(options or {})
    if 'num_classes' in options:
        options['model.num_classes'] = options.pop('num_classes')
    check_not_empty(data_root=options.get('data_root'), work_dir=work_dir)
    check_not_empty(work_dir=options.get('work_dir'))
    check_given_keys(cfg, options)
    if 'data_root' in options and 'data_root' in cfg:
        set_data_root(cfg, str(options['data_root']))
    cfg.merge_from_dict(options)
    cfg.work_dir = work_dir or cfg.get('work_dir') or f'work_dirs/{Path(path).stem}'
    map_texts(cfg, list(cfg.keys()), lambda text: expand_home(text) if text[:1] == '~' else text)
    check_values(cfg)
    for name in DATALOADERS:
        _complete_dataloader(cfg, cfg.get(name))
    return cfg


def log_to(cfg: Config, names: Sequence[str]) -> None:
    """Have a run log to TensorBoard or Weights & Biases, too.

    Args:
        cfg: The config; the backends of its visualizer are added to.
        names: Keys of :data:`mmcnx2.choices.LOG_BACKENDS`.

    Raises:
        ValueError: A package is not installed.
    """
    for name in names:
        package, backend = LOG_BACKENDS[name]
        if find_spec(package) is None:
            raise ValueError(f'logging to {name} needs its package: pip install {package}.')
        cfg.visualizer.vis_backends.append(dict(type=backend))


def check_inputs(cfg: Config, dataloaders: tuple[str, ...]) -> None:
    """Refuse, before any work starts, a config whose data or weights are not there.

    Args:
        cfg: The config.
        dataloaders: Those that will be used, of :data:`DATALOADERS`; absent ones are left out. The
            data of hooks counts where that of ``train_dataloader`` does.

    Raises:
        FileNotFoundError: If a data folder or a checkpoint on this machine does not exist, or the
            index of shards cannot be read, wherever they are.
        OSError: If a folder or checkpoint cannot be read.
        ValueError: If the path of a data folder is empty, or an index is none.
    """
    sources = [*dataloaders, 'custom_hooks'] if 'train_dataloader' in dataloaders else dataloaders
    root = cfg.get('data_root')
    for name in sources:
        for key, dataset in holders(cfg.get(name), 'data_root', name):
            folder = dataset['data_root']
            check_not_empty(**{key: folder})
            if '://' not in folder:
                below = root and Path(folder).is_relative_to(root)
                _check_listed(folder, name, 'data_root' if below else key)
            if dataset.get('type') == 'mmcnx2.ImageShards':
                from mmcnx2.datasets.shards.stream import read_index

                read_index(folder, dataset.get('index'))
    check_checkpoint(cfg.get('load_from'))
    for key, init in holders(cfg.get('model'), 'checkpoint', 'model'):
        check_checkpoint(init['checkpoint'], key=key)


def _check_listed(folder: str, name: str, key: str) -> None:
    """Refuse a folder of a data loader that does not exist, or whose files cannot be listed."""
    elsewhere = f'or say where the data is with --cfg-options {key}=PATH.'
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f"data folder '{folder}' of {name} does not exist: make it, {elsewhere}"
        )
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise OSError(
            f"data folder '{folder}' of {name} cannot be listed ({error.strerror}): allow it, "
            f'{elsewhere}'
        ) from None


def keep_config(cfg: Config) -> None:
    """Have the runner's copy of a config that lies in the work folder take another name.

    The runner writes what it runs under the config's name, without bases or comments.

    Args:
        cfg: Read from a file. The copy of ``x.py`` is then ``x_run.py``.
    """
    path = Path(cfg.filename)
    copy = Path(cfg.work_dir, path.name)
    if copy.exists() and copy.samefile(path):
        # Config keeps attributes of its own out of reach: they would become keys.
        object.__setattr__(cfg, '_filename', str(path.with_name(f'{path.stem}_run{path.suffix}')))


def check_restarts(resume: str | None) -> None:
    """Refuse a run that torchrun may start anew, but that would not go on from its checkpoints.

    If a restart may take several, because it was not tools/torchrun.py that started it, say so.

    Args:
        resume: ``--resume``: None, 'auto' or a checkpoint.

    Raises:
        ValueError: torchrun has ``--max-restarts``, and ``resume`` is not 'auto'.
    """
    restarts = int(os.environ.get('TORCHELASTIC_MAX_RESTARTS', 0))
    if restarts and resume != 'auto':
        begins = f"go back to '{resume}'" if resume else 'begin anew'
        raise ValueError(
            f'torchrun may restart this run {restarts} times (--max-restarts), and each time it '
            f'would {begins}: add --resume without a checkpoint, which goes on from the work '
            "folder's latest, or leave out --max-restarts."
        )
    if restarts and os.environ.get('TORCHELASTIC_USE_AGENT_STORE') == 'True':
        print_log(
            'A death will cost several restarts, because processes that are started anew are '
            'given the address of the dead one (pytorch/pytorch#135712): start with '
            'tools/torchrun.py, or set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1.',
            level=logging.WARNING,
        )


def check_hooks(cfg: Config) -> None:
    """Refuse settings that a hook of this project refuses, before anything is built.

    Args:
        cfg: The config; its ``default_hooks`` and ``custom_hooks`` are looked at.

    Raises:
        ValueError: With the hook's key and its sentence.
    """
    hooks = {f'default_hooks.{name}': hook for name, hook in cfg.get('default_hooks', {}).items()}
    hooks |= {f'custom_hooks.{i}': hook for i, hook in enumerate(cfg.get('custom_hooks') or [])}
    for key, hook in hooks.items():
        if not isinstance(hook, Mapping) or not str(hook.get('type')).startswith('mmcnx2.'):
            continue
        settings = {name: value for name, value in hook.items() if name not in ('type', 'priority')}
        try:
            HOOKS.get(hook['type'])(**settings)
        except (AssertionError, TypeError, ValueError) as error:
            raise ValueError(f'{key}: {error}') from None


def check_checkpoint(path: str | None, *, key: str | None = None) -> None:
    """Refuse a checkpoint that is a path on this machine where no file is.

    Args:
        path: From a command line or a config; addresses (``https://...``) and published names pass.
        key: Key of the config that it comes from.

    Raises:
        FileNotFoundError: If there is no such file.
        OSError: If it cannot be read.
    """
    if not path or is_remote(path):
        return
    how = f'with --cfg-options {key}=PATH' if key else 'as the path of a .pth'
    if not os.path.isfile(expand_home(path)):
        raise FileNotFoundError(
            f"checkpoint '{path}' does not exist{names_near(path)}: give another one {how}."
        )
    try:
        with open(expand_home(path), 'rb'):
            pass
    except OSError as error:
        raise OSError(
            f"checkpoint '{path}' cannot be read ({error.strerror}): allow it, or give another one "
            f'{how}.'
        ) from None


def holders(node, key: str, path: str) -> Iterator[tuple[str, Mapping]]:
    """Yield the mappings that hold a string under a key, at any depth, after its dotted path."""
    if isinstance(node, Mapping):
        if isinstance(node.get(key), str):
            yield f'{path}.{key}', node
        for name, value in node.items():
            yield from holders(value, key, f'{path}.{name}')
    elif isinstance(node, list | tuple):
        for i, entry in enumerate(node):
            yield from holders(entry, key, f'{path}.{i}')


def _complete_dataloader(cfg: Config, dataloader: dict | None) -> None:
    if not isinstance(dataloader, Mapping):
        return
    if cfg.get('default_scope') == 'mmpretrain':
        # mmpretrain's own configs leave this to its tools.
        dataloader.setdefault('collate_fn', dict(type='default_collate'))
    if not dataloader.get('num_workers'):
        dataloader['persistent_workers'] = False  # torch refuses them where there are none
    if not torch.accelerator.is_available():
        dataloader['pin_memory'] = False  # torch would only warn
