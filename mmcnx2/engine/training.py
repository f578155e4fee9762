"""A whole training, whose foreseeable ends are told in a sentence."""

import errno
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.datasets.addresses import AddressError
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.shards.stream import ShardError
from mmcnx2.datasets.unreadable import TooManyUnreadableError
from mmcnx2.engine.building import told_by_key
from mmcnx2.engine.compiled_blocks import compile_blocks
from mmcnx2.engine.cores import share_out_cores
from mmcnx2.engine.data_check import check_data
from mmcnx2.engine.fit_to_data import fit_to_data
from mmcnx2.engine.full_batches import check_batches
from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook, UnsavedError
from mmcnx2.engine.hooks.finite_loss_hook import DivergedError
from mmcnx2.engine.hooks.progress_hook import quiet, warnings_alone
from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.resuming.start import claim, is_first_process
from mmcnx2.engine.worker_places import places_of_workers
from mmcnx2.processes.loading import end_workers

_FORESEEN = (
    AddressError,
    CannotStartError,
    CheckpointError,
    DivergedError,
    ShardError,
    TooManyUnreadableError,
    UnreadableImageError,
    UnsavedError,
)


class NotBegun(SystemExit):
    """The end of a run whose data or config are refused before its first step."""


def train(
    cfg: Config,
    *,
    look: bool = True,
    move_aside: bool = False,
    given: Mapping[str, Any] | None = None,
    debug: bool = False,
) -> None:
    """Train as a config says, with its ``runner_type`` or mmengine's ``Runner``.

    Args:
        cfg: The config.
        look: Look at the data first (:func:`.check_data`).
        move_aside: Move what earlier runs left in the work folder into a folder of its own there.
        given: Options of the command line that are in the config: the first suspects, if a part of
            it cannot be built.
        debug: Leave an error of building as it is, with its traceback.

    Raises:
        SystemExit: With sentences, if the data are not as they must be; with one, if a part of the
            config cannot be built (:func:`.told_by_key`), the run cannot
            begin where it was told to, an epoch has no step, a checkpoint cannot be read or is
            another model's, the loss stays infinite, the last checkpoint cannot be written, the
            disk is full before the first step, images cannot be read (too many in training, one in
            validation) or a loading process dies; with a status alone, if the cluster asks for the
            machine (:class:`PreemptionHook`).
    """
    locks = []
    try:
        with foreseen_ends():
            first = is_first_process(cfg.get('launcher', 'none'))
            if first:
                locks = claim(cfg, move_aside=move_aside)
            with told_by_key(cfg, given=given, debug=debug, running=True, but=_FORESEEN):
                _train(cfg, look=look, given=given, debug=debug, first=first)
    finally:
        for lock in locks:
            lock.release()


def _build(cfg: Config) -> Runner:
    kind = RUNNERS.get(cfg.runner_type) if 'runner_type' in cfg else Runner
    if _tells_progress(cfg):
        kind = quiet(kind)
    try:
        return kind.from_cfg(cfg)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SystemExit(
            f"error: the work folder '{cfg.work_dir}' takes no log ({error}): make room, or choose "
            'another disk with --work-dir.'
        ) from None


def _tells_progress(cfg: Config) -> bool:
    return any(hook.get('type') == 'mmcnx2.ProgressHook' for hook in cfg.get('custom_hooks') or ())


def _train(
    cfg: Config, *, look: bool, given: Mapping[str, Any] | None, debug: bool, first: bool
) -> None:
    cores = share_out_cores(cfg, given=given)
    try:
        with warnings_alone() if _tells_progress(cfg) else nullcontext():
            images = fit_to_data(cfg, keep=first)
        with told_by_key(cfg, given=given, debug=debug, but=_FORESEEN):
            runner = _build(cfg)
        compiled = 'compile_blocks' in cfg and compile_blocks(
            runner.model, cfg.compile_blocks, whole=bool(cfg.get('compile'))
        )
        for line in filter(None, (images, cores, compiled)):
            runner.logger.info(line)
        if look:
            loaders = dict(train=cfg.train_dataloader, val=cfg.get('val_dataloader'))
            check_data(cfg, loaders, model=runner.model)
        if isinstance(runner, Runner):
            check_batches(runner)
    except SystemExit as refusal:
        raise NotBegun(refusal.code) from refusal
    try:
        runner.train()
    except _FORESEEN:
        raise  # a sentence already
    except RuntimeError as error:
        sentence = describe_dead_worker(error, runner.train_dataloader)
        if sentence is None:
            raise
        raise SystemExit(f'error: {sentence}') from error
    except (SystemExit, KeyboardInterrupt):
        for loop in (runner._train_loop, runner._val_loop):
            if isinstance(loop, BaseLoop):
                end_workers(loop.dataloader)
        raise
    finally:
        for hook in runner.hooks:
            if isinstance(hook, AtomicCheckpointHook):
                hook.settle()  # as long as the folder is locked


@contextmanager
def foreseen_ends() -> Iterator[None]:
    """Tell in a sentence of data, weights and losses that end a training or a test.

    Raises:
        SystemExit: With the sentence.
    """
    try:
        yield
    except _FORESEEN as error:
        # From a loading process comes its traceback, too; the sentence ends the last line.
        kind = f'{type(error).__module__}.{type(error).__qualname__}: '
        sentence = str(error).strip().splitlines()[-1].removeprefix(kind)
        raise SystemExit(f'error: {sentence}') from None


def describe_dead_worker(error: RuntimeError, loader: DataLoader) -> str | None:
    """Say which loading process died, and which samples it was at.

    Args:
        error: That training raised.
        loader: The training data's.

    Returns:
        A sentence, or None if the error is another one.
    """
    # torch has two wordings: 'DataLoader worker (pid 7) is killed by signal: Killed.' and
    # 'DataLoader worker (pid(s) 7, 8) exited unexpectedly'.
    found = re.search(r'DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\)(.*)', str(error))
    if found is None:
        return None
    dead = {int(pid) for pid in found[1].split(',')}
    at = [place for pid, place in places_of_workers(loader).items() if pid in dead]
    return (
        f'loading process {found[1]}{found[2].rstrip(".")}'
        f'{" (" + ", ".join(at) + ")" if at else ""}: look for memory (fewer '
        'train_dataloader.num_workers) or for a file that crashes its decoder, and go on with '
        '--resume.'
    )
