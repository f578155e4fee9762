"""The runs of an ablation's rows: pre-training, then fine-tuning from it, once a seed."""

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import torch
from mmengine.config import Config

from ablations.small_scale import small_finetuning, small_pretraining
from ablations.tables import Row
from mmcnx2.checkpoints.recognize import some_of
from mmcnx2.engine.jobs.parts import BY, PartRunner
from mmcnx2.engine.jobs.training import Training, plan_training
from mmcnx2.engine.run_settings import as_text, differences, settings_in, settings_of
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.outputs import claim_folder, is_claimed, is_occupied, new_file

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'


@dataclass(frozen=True)
class Scale:
    """How large the runs are, and how they are started.

    Attributes:
        seeds: Seeds of a row's runs.
        options: ``--cfg-options`` of every run, ``KEY=VALUE``.
        launcher: What starts ``tools/train.py``, before its arguments: nothing for one process.
        train_options: Train options of ``tools/train.py``, further ones.
    """

    seeds: Sequence[int]
    options: Sequence[str] = ()
    launcher: Sequence[str] = ()
    train_options: Sequence[str] = ()

    def name_of(self, config: str) -> str:
        """Return what a run of a config is called, and its folder."""
        return config.rpartition('/')[2]

    def pretraining_seed(self, seed: int) -> int:
        """Return the seed of the pre-training that the fine-tuning of a seed starts from."""
        return 0  # one pre-training a row

    def pretraining(self, name: str, folder: Path) -> Path:
        """Return the file of a pre-training config of ``configs/`` at this scale."""
        return CONFIGS / f'{name}.py'

    def finetuning(self, name: str, folder: Path, checkpoint: str | None) -> Path:
        """Return the file of a classification config of ``configs/`` at this scale."""
        return CONFIGS / f'{name}.py'


@dataclass(frozen=True)
class ScenesScale(Scale):
    """The demo's encoder and data.

    Attributes:
        pretraining_epochs: Epochs of each pre-training.
        finetuning_epochs: Epochs of each fine-tuning, and of training from scratch.
        demo_pretraining: The demo's config.
        demo_finetuning: The demo's config, from scratch.
    """

    pretraining_epochs: int = field(kw_only=True)
    finetuning_epochs: int = field(kw_only=True)
    demo_pretraining: str = 'demo/fcmae_convnextv2-mini_1xb32-18e_scenes'
    demo_finetuning: str = 'demo/convnextv2-mini_1xb15-50e_scenes'

    def name_of(self, config: str) -> str:
        # Without schedule and data, which do not hold at this scale.
        return super().name_of(config).rsplit('_', 2)[0]

    def pretraining_seed(self, seed: int) -> int:
        return seed  # what another pre-training would give is in the spread

    def pretraining(self, name: str, folder: Path) -> Path:
        cfg = small_pretraining(
            _read(name), _read(self.demo_pretraining), epochs=self.pretraining_epochs
        )
        return _write(cfg, folder / f'{self.name_of(name)}.py')

    def finetuning(self, name: str, folder: Path, checkpoint: str | None) -> Path:
        cfg = small_finetuning(
            _read(name),
            _read(self.demo_finetuning),
            epochs=self.finetuning_epochs,
            checkpoint=checkpoint,
        )
        return _write(cfg, folder / f'{self.name_of(name)}.py')


class AblationRun:
    """Makes the parts of ablations. Rows that share a run get the same part.

    Args:
        scale: Scale of the runs.
        runner: Runner of the parts; its folder holds all of them.
        data: Key of the data set: other data have everything done again.
    """

    def __init__(self, scale: Scale, runner: PartRunner, data: str = ''):
        self.scale, self.runner, self.data = scale, runner, data
        self._made: dict[str, Training] = {}

    def pretraining(self, name: str, seed: int = 0) -> Training:
        """Return a pre-training run.

        Args:
            name: Name of its config, as in :class:`Row`.
            seed: Of the fine-tuning that starts from it.
        """
        own = self.scale.pretraining_seed(seed)
        title = self.scale.name_of(name) + (f'_seed{own}' if own else '')
        if title not in self._made:
            config = self.scale.pretraining(name, self.runner.folder / 'configs')
            self._made[title] = self._part(title, config, seed=own)
        return self._made[title]

    def finetuning(self, row: Row, seed: int) -> Training:
        """Return a fine-tuning run, or one from scratch where the row has no pre-training.

        Args:
            row: Row of an ablation.
            seed: Seed of the run.
        """
        name, folder = self.scale.name_of(row.finetuning), self.runner.folder
        options, key, checkpoint = [], '', None
        if row.pretraining:
            before = self.pretraining(row.pretraining, seed)
            name += f'_after_{self.scale.name_of(row.pretraining)}'
            epochs = Config.fromfile(before.config).train_cfg.max_epochs
            key, checkpoint = before.key, str(folder / before.name / f'epoch_{epochs}.pth')
            options = [f'model.backbone.init_cfg.checkpoint={checkpoint}']
        title = f'{name}_seed{seed}'
        if title not in self._made:
            config = self.scale.finetuning(row.finetuning, folder / 'configs' / name, checkpoint)
            self._made[title] = self._part(title, config, seed=seed, options=options, key=key)
        return self._made[title]

    def jobs(self, rows: Iterable[Row]) -> list[list[Training]]:
        """Return what has to be done for some rows, each part once.

        Args:
            rows: Rows of one or several ablations.

        Returns:
            Lists that can be done at the same time: a pre-training and the runs that start from it,
            then those from scratch, each in order; one seed of everything before the next.
        """
        jobs = {}
        rows = sorted(rows, key=lambda row: row.pretraining is None)
        for seed, row in product(self.scale.seeds, rows):
            parts = [self.finetuning(row, seed)]
            if row.pretraining:
                parts.insert(0, self.pretraining(row.pretraining, seed))
            job = jobs.setdefault(parts[0].name if row.pretraining else row.finetuning, {})
            job.update({part.name: part for part in parts})
        return [list(parts.values()) for parts in jobs.values()]

    def prepare(self, jobs: Iterable[Sequence[Training]]) -> None:
        """Look, before any work starts, at what lies where the parts go.

        A finished training of tools/train.py counts as the part if its checkpoint says that it had
        the same settings; the seed of a pre-training does not matter, and that of a fine-tuning is
        in the name of its folder.

        Args:
            jobs: Jobs of :meth:`jobs`.

        Raises:
            FileExistsError: A folder holds anything else that was not made here; it stays as it is.
        """
        for part in (part for job in jobs for part in job if not self.runner.is_done(part)):
            folder = self.runner.folder / part.name
            if not is_occupied(folder) or is_claimed(folder, BY):
                continue
            if reason := _why_not(part, folder):
                raise FileExistsError(
                    f"'{folder}' was not made here and {reason}, so it is left as it is: move it, "
                    'or give another --work-dir.'
                )
            self.runner.adopt(part)
        self.runner.check(part for job in jobs for part in job)

    def _part(
        self, name: str, config: Path, *, seed: int, options: Sequence[str] = (), key: str = ''
    ) -> Training:
        options = [*options, f'randomness.seed={seed}', *self.scale.options]
        return plan_training(
            name,
            '\n'.join([self.data, key, as_text(settings_of(config, options))]),
            tool=ROOT / 'tools/train.py',
            config=config,
            job=self.runner.folder,
            options=options,
            launcher=self.scale.launcher,
            switches=self.scale.train_options,
        )


def count_parameters(classifier: Config) -> int:
    """Return the number of parameters of a classifier's backbone and head.

    Args:
        classifier: A config of mmpretrain's ``ImageClassifier`` on a ``ConvNeXtV2``.
    """
    options = {k: v for k, v in classifier.model.backbone.items() if k not in ('type', 'init_cfg')}
    with torch.device('meta'):
        backbone = ConvNeXtV2(**options)
    head = classifier.model.num_classes * (backbone.channels[-1] + 1)
    return sum(p.numel() for p in backbone.parameters()) + head


def _read(name: str) -> Config:
    return Config.fromfile(CONFIGS / f'{name}.py')


def _write(cfg: Config, file: Path) -> Path:
    claim_folder(file.parent, 'ablate')
    with new_file(file) as draft:
        cfg.dump(draft)
    return file


def _why_not(part: Training, folder: Path) -> str | None:
    """Say why what lies in a folder is not a part, finished; None if it is."""
    checkpoint = folder / f'epoch_{Config.fromfile(part.config).train_cfg.max_epochs}.pth'
    if not checkpoint.is_file():
        return f'has no {checkpoint.name}'
    try:
        found = settings_in(checkpoint)
    except (OSError, ValueError, pickle.UnpicklingError) as error:
        return f'its {checkpoint.name} cannot be read ({error})'
    if found is None:
        return f'its {checkpoint.name} does not say how it was trained'
    wanted = settings_of(part.config, part.options)
    if '--auto-scale-lr' in part.command:
        wanted.setdefault('auto_scale_lr', {})['enable'] = True
    keys = [key for key in differences(found, wanted) if not key.startswith('randomness.')]
    return f'was trained with other values of {some_of(keys)}' if keys else None
